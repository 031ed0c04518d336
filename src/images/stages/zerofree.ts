import { ExtFileSystem } from '../../disk/ext-file-system.js';
import { rootFileSystem } from '../root-file-system.js';
import { always, type Stage } from '../../engine/stage.js';

/** Makes what no file uses read as zeros, so that the image is small and tells nothing of deleted files. */
export const zerofree: Stage = {
  name: 'zerofree',
  title: 'Zeroing free blocks',
  neededFor: always,
  commands: ({ paths }) => ExtFileSystem.commands(paths.rawDisk, 'OFFSET').zero,
  async run(build) {
    await (await rootFileSystem(build)).zeroFreeBlocks();
  },
  inputs: () => [],
};
