import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { writeChecksum } from '../../publish/checksum.js';
import { always, type Stage } from '../../engine/stage.js';

/** The SHA-256 sum of the image, in a file that `sha256sum -c` reads. */
export const checksum: Stage = {
  name: 'checksum',
  title: 'Computing the checksum',
  neededFor: always,
  commands: () => [],
  async run(build) {
    const { candidate, image } = build.paths;
    const { sha256 } = await writeChecksum(build, candidate);
    build.state.image = { name: basename(image), bytes: (await stat(candidate)).size, sha256 };
    build.log.info(`SHA-256 of ${image}: ${sha256}`);
  },
  inputs: () => [],
};
