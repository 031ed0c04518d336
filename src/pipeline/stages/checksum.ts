import { writeChecksum } from '../../publish/checksum.js';
import { always, type Stage } from '../stage.js';

/** The SHA-256 sum of the image, in a file that `sha256sum -c` reads. */
export const checksum: Stage = {
  name: 'checksum',
  title: 'Computing the checksum',
  neededFor: always,
  commands: () => [],
  async run(build) {
    const { sha256 } = await writeChecksum(build, build.paths.candidate);
    build.state.sha256 = sha256;
    build.log.info(`SHA-256 of ${build.paths.image}: ${sha256}`);
  },
};
