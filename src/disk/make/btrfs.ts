import { join } from 'node:path';
import { command, run, type Caller } from '../../host/host.js';
import { copyMounted } from './copy-mounted.js';
import { asDerived, timeVariables, type FileSystemMaker, type NewFileSystem } from './file-system-maker.js';
import { commandInView, inView } from './tree-view.js';

/**
 * btrfs, by mkfs.btrfs(8), which fills it with a tree. Before version 6.12 it makes no subvolumes: a file system that is
 * to have some is mounted, which takes root, and its files are copied.
 */
export const btrfs: FileSystemMaker = {
  uuid: asDerived,
  atOffset: false,
  // mkfs.btrfs refuses less than about 109 MiB where metadata has two copies, as it has by default.
  smallest: 114_294_784,
  async make(caller, made) {
    const { fileSystem, uuid, content, subvolumes, epoch, file } = made;
    const args = ['-q', '-f', '-L', fileSystem.label, '-U', uuid, ...fileSystem.options];
    const env = timeVariables(epoch);
    if (content === undefined || subvolumes.length > 0) {
      await run(caller, command('mkfs.btrfs', [...args, file], { env }));
      if (subvolumes.length > 0) await addSubvolumes(caller, made);
      for (const part of [{ name: '', content }, ...subvolumes]) {
        if (part.content) await copyMounted(caller, made, part.name, part.content);
      }
      // Last: from then on it is what a mount shows.
      if (made.defaultSubvolume !== undefined) await setDefault(caller, made, made.defaultSubvolume);
      return;
    }
    const filled = ['--rootdir', inView(content.view, content.top), file];
    await run(caller, commandInView(content.view, content.masked, 'mkfs.btrfs', [...args, ...filled], { env }));
  },
};

/** Scripts of a mount namespace of their own, so that no mount is left however they end. */
const mounting = `set -eu
file=$1 mounted=$2; shift 2
mkdir "$mounted"
mount -t btrfs -o loop,noatime "$file" "$mounted"`;

const unmounting = `umount "$mounted"
rmdir "$mounted"`;

const makeSubvolumes = `${mounting}
for subvolume; do
	mkdir -p "$(dirname "$mounted/$subvolume")"
	btrfs -q subvolume create "$mounted/$subvolume"
done
${unmounting}`;

const setDefaultSubvolume = `${mounting}
btrfs subvolume set-default "$mounted/$1"
${unmounting}`;

async function addSubvolumes(caller: Caller, made: NewFileSystem): Promise<void> {
  const names = made.subvolumes.map(({ name }) => name).sort((a, b) => depth(a) - depth(b));
  await runMounted(caller, made, makeSubvolumes, names);
}

async function setDefault(caller: Caller, made: NewFileSystem, name: string): Promise<void> {
  await runMounted(caller, made, setDefaultSubvolume, [name]);
}

async function runMounted(
  caller: Caller,
  { file, scratch }: NewFileSystem,
  script: string,
  words: readonly string[],
): Promise<void> {
  const shell = ['sh', '-c', script, 'sh', file, join(scratch, 'mounted'), ...words];
  await run(caller, command('unshare', ['--mount', '--propagation', 'private', '--', ...shell]));
}

/** A subvolume may lie in another one. */
function depth(path: string): number {
  return path.split('/').length;
}
