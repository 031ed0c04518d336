import { command, run } from '../../host/host.js';
import { asDerived, timeVariables, type FileSystemMaker } from './file-system-maker.js';
import { commandInView, inView } from './tree-view.js';

/** btrfs, by mkfs.btrfs(8). */
export const btrfs: FileSystemMaker = {
  uuid: asDerived,
  atOffset: false,
  // mkfs.btrfs refuses less than about 109 MiB where metadata has two copies, as it has by default.
  smallest: 114_294_784,
  async make(caller, made) {
    const { fileSystem, uuid, content, epoch, file } = made;
    const args = ['-q', '-f', '-L', fileSystem.label, '-U', uuid, ...fileSystem.options];
    const env = timeVariables(epoch);
    if (content === undefined) {
      await run(caller, command('mkfs.btrfs', [...args, file], { env }));
      return;
    }
    const filled = ['--rootdir', inView(content.view, content.top), file];
    await run(caller, commandInView(content.view, content.masked, 'mkfs.btrfs', [...args, ...filled], { env }));
  },
};
