import { Failure } from '../../host/failure.js';
import { command, run, type Caller } from '../../host/host.js';
import { asDerived, timeVariables, type FileSystemMaker, type NewFileSystem } from './file-system-maker.js';
import { commandInView, inView } from './tree-view.js';

/** btrfs, by mkfs.btrfs(8). */
export const btrfs: FileSystemMaker = {
  uuid: asDerived,
  atOffset: false,
  // mkfs.btrfs refuses less than about 109 MiB where metadata has two copies, as it has by default.
  smallest: 114_294_784,
  async make(caller, made) {
    const { fileSystem, uuid, content, epoch, file } = made;
    const subvolumes = await subvolumeOptions(caller, made);
    const args = ['-q', '-f', '-L', fileSystem.label, '-U', uuid, ...fileSystem.options];
    const env = timeVariables(epoch);
    if (content === undefined) {
      await run(caller, command('mkfs.btrfs', [...args, file], { env }));
      return;
    }
    const filled = ['--rootdir', inView(content.view, content.top), ...subvolumes, file];
    await run(caller, commandInView(content.view, content.masked, 'mkfs.btrfs', [...args, ...filled], { env }));
  },
};

/** The first version of btrfs-progs with `--subvol`. */
const withSubvolumes = [6, 12] as const;

async function subvolumeOptions(caller: Caller, { fileSystem }: NewFileSystem): Promise<string[]> {
  if (fileSystem.subvolumes.length === 0) return [];
  const { stdout } = await run(caller, command('mkfs.btrfs', ['--version']));
  const [, major, minor] = (/v(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
  const [first, second] = withSubvolumes;
  if (major === undefined || minor === undefined || major < first || (major === first && minor < second)) {
    throw new Failure(
      `mkfs.btrfs of this machine (${stdout.trim()}) makes no subvolumes, and the layout has some on ${fileSystem.name}: ` +
        fileSystem.subvolumes.map(({ name }) => name).join(', '),
      {
        hint: `Install btrfs-progs ${withSubvolumes.join('.')} or newer (Debian 13 has it), or leave the subvolumes out.`,
      },
    );
  }
  return fileSystem.subvolumes.flatMap(({ name }) => ['--subvol', name]);
}
