import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { moveFile } from '../../disk/move-file.js';
import { companions } from '../published.js';
import { always, type Stage } from '../../engine/stage.js';

/** Gives image and checksum their final names. */
export const finish: Stage = {
  name: 'finish',
  title: 'Putting the image into place',
  neededFor: always,
  commands: () => [],
  async run(build) {
    const { spec, paths } = build;
    // What speaks of an earlier image of the same name must not be found beside this one.
    for (const file of companions(paths)) await rm(file, { force: true });
    await moveFile(build, paths.candidate, paths.image);
    await moveFile(build, `${paths.candidate}.sha256sum`, paths.checksum);
    if (spec.keepRaw && spec.format !== 'raw') {
      await moveFile(build, paths.rawDisk, join(paths.outputDir, basename(paths.rawDisk)));
    }
    await rm(paths.unproven, { force: true });
  },
  inputs: () => [],
};
