import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { sha256Of } from '../../host/digest.js';
import { stage } from '../stage.js';

/** The SHA-256 sum of the image. `finish` writes it beside the image, where `sha256sum -c` reads it. */
export const checksum = stage({
  name: 'checksum',
  title: 'Computing the checksum',
  leaves: ['image'],
  wants: ({ paths }) => ({ candidate: paths.candidate, image: paths.image }),
  async run(host, { candidate, image }) {
    const sha256 = await sha256Of(host, candidate);
    host.log.info(`SHA-256 of ${image}: ${sha256}`);
    return { image: { name: basename(image), bytes: (await stat(candidate)).size, sha256 } };
  },
});
