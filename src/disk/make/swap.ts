import { command, run } from '../../host/host.js';
import { asDerived, type FileSystemMaker } from './file-system-maker.js';

/** Swap space, by mkswap(8). */
export const swap: FileSystemMaker = {
  uuid: asDerived,
  atOffset: false,
  smallest: 40 * 1024,
  async make(caller, { fileSystem, uuid, file }) {
    await run(caller, command('mkswap', ['--uuid', uuid, '--label', fileSystem.label, ...fileSystem.options, file]));
  },
};
