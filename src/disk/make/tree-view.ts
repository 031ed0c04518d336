import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, type Command } from '../../host/host.js';
import type { ProgramName } from '../../host/programs.js';

/** A tree as it is to be on the disk: with files that the disk adds, and with its owners. */
export interface TreeView {
  readonly tree: string;
  /** A directory with what is added, or put in the place of the tree's own; its owner becomes root. */
  readonly added: string;
  /** An empty directory, where the view is mounted for the time of a command. */
  readonly mounted: string;
  /** The script that mounts it, and runs a command. */
  readonly enter: string;
  /** Words for unshare(1). */
  readonly namespace: readonly string[];
  /** Seconds since 1970: what is added gets this time. Undefined: now. */
  readonly epoch: number | undefined;
}

/**
 * Mounts in a mount namespace of its own, so that nothing is left of them, however it ends. An overlay without an upper
 * layer: the tree below, what is added above. The directories that both have keep the tree's owners and modes. The tree
 * itself may lie on any file system, in any path.
 */
const script = `set -eu
mounted=$1 tree=$2 added=$3 epoch=$4; shift 4
export epoch
mount -t tmpfs -o mode=755 tree-view "$mounted"
cd "$mounted"
mkdir tree masks
ln -s "$tree" lower
cp -R "$added" added
chmod -R u=rwX,go=rX added
[ -z "$epoch" ] || find added -exec touch --date "@$epoch" -- {} +
( cd added; find . -depth -type d -exec sh -c '
	for name; do
		if [ -d "../lower/$name" ] && [ ! -h "../lower/$name" ]; then
			chown --reference "../lower/$name" -- "$name"
			chmod --reference "../lower/$name" -- "$name"
			touch --reference "../lower/$name" -- "$name"
		elif [ "$name" = ./tmp ] || [ "$name" = ./var/tmp ]; then
			chmod 1777 "$name"
		fi
	done' added {} + )
# Inode numbers that are unique though two file systems are below it: mkfs.btrfs takes them over.
options=lowerdir=added:lower,xino=on
[ "$(cat /proc/self/uid_map | tr -s ' ')" = ' 0 0 4294967295' ] || options=$options,userxattr
mount -t overlay -o "ro,$options" tree-view tree
number=0
while [ "$1" != -- ]; do
	number=$((number + 1))
	mkdir "masks/$number"
	chown --reference "tree$1" "masks/$number"
	chmod --reference "tree$1" "masks/$number"
	touch --reference "tree$1" "masks/$number"
	mount --bind "masks/$number" "tree$1"
	shift
done
shift
exec "$@"`;

/** Makes the directories that a view needs, in one that is empty. */
export async function makeTreeView(
  directory: string,
  given: Pick<TreeView, 'tree' | 'namespace' | 'epoch'>,
): Promise<TreeView> {
  const view = {
    ...given,
    added: join(directory, 'added'),
    mounted: join(directory, 'mounted'),
    enter: join(directory, 'enter'),
  };
  await writeFile(view.enter, script);
  await mkdir(view.added);
  await mkdir(view.mounted);
  return view;
}

/** The path by which a command in the view sees a path of the system. */
export function inView(view: TreeView, path: string): string {
  return join(view.mounted, 'tree', path);
}

/**
 * A command that sees the tree in its view. It runs in the directory where that is mounted, which has it as `tree`.
 *
 * @param masked directories that are empty in it: what other file systems hold, which are mounted there
 */
export function commandInView(
  view: TreeView,
  masked: readonly string[],
  program: ProgramName | 'sh',
  args: readonly string[],
  options: Pick<Command, 'input' | 'env'> = {},
): Command {
  const epoch = view.epoch === undefined ? '' : String(view.epoch);
  return command(
    'unshare',
    [
      ...view.namespace,
      ...['--', 'sh', view.enter, view.mounted, view.tree, view.added, epoch],
      ...masked,
      ...['--', program, ...args],
    ],
    options,
  );
}
