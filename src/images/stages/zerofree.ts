import { ExtFileSystem } from '../../disk/ext-file-system.js';
import { zeroUnused } from '../../disk/zero-unused.js';
import { stage } from '../stage.js';

/** Makes what no file uses read as zeros, so that the image is small and tells nothing of deleted files. */
export const zerofree = stage({
  name: 'zerofree',
  title: 'Zeroing free blocks',
  reads: ['system'],
  inPlace: true,
  wants: ({ paths }) => ({ disk: paths.rawDisk }),
  commands: ({ disk }) => ExtFileSystem.commands(disk, 'OFFSET').zero,
  async run(host, { disk }, state) {
    await zeroUnused(host, disk, state.system);
  },
});
