import { run, type Caller } from '../../host/host.js';
import type { Content } from './content.js';
import type { NewFileSystem } from './file-system-maker.js';
import { commandInView } from './tree-view.js';

/** Runs in the mount namespace of the view: however it ends, no mount and no loop device is left. */
const script = `set -eu
type=$1 file=$2 place=mounted/$3 top=$4 epoch=$5
mkdir mounted
mount -t "$type" -o loop,noatime "$file" mounted
cp -a --no-target-directory "tree$top" "$place"
[ -z "$epoch" ] || find "$place" -xdev -newermt "@$epoch" -exec touch --no-dereference --date "@$epoch" -- {} +
umount mounted`;

/**
 * Copies a part of the tree into a file system, which is mounted for it: all that the kernel's own file system can hold.
 * Only root may do that.
 *
 * @param place where it belongs in the file system; empty for its top
 * @throws Failure also where the kernel lacks the file system, or has no loop devices
 */
export async function copyMounted(
  caller: Caller,
  { fileSystem, file, epoch }: NewFileSystem,
  place: string,
  { view, masked, top }: Content,
): Promise<void> {
  const words = ['-c', script, 'sh', fileSystem.type, file, place, top, String(epoch ?? '')];
  await run(caller, commandInView(view, masked, 'sh', words));
}
