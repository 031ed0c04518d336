import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, type Command } from '../../host/host.js';
import type { ProgramName } from '../../host/programs.js';

/** A tree as it is to be on the disk: with its owners, and with files that the disk adds. */
export interface TreeView {
  readonly tree: string;
  /** An empty directory, where the view is mounted for the time of a command. */
  readonly mounted: string;
  /** The script that mounts it, and runs a command. */
  readonly enter: string;
  /** Words for unshare(1). */
  readonly namespace: readonly string[];
  /** Undefined: nothing. */
  readonly added?: Added;
}

/** What a disk adds to its tree, or puts in the place of the tree's own. */
export interface Added {
  /** A directory that holds it. Its owner becomes root. */
  readonly directory: string;
  /** Seconds since 1970: it gets this time. Undefined: now. */
  readonly epoch: number | undefined;
}

/**
 * Mounts in a mount namespace of its own, so that nothing is left of them, however it ends. An overlay without an upper
 * layer: the tree below, what is added above. The directories that both have keep the tree's owners and modes. The tree
 * itself may lie on any file system, in any path. Every process that is started here is started for each command in the
 * view, and takes longer than what it does.
 */
const script = `set -eu
mounted=$1 tree=$2 added=$3 epoch=$4; shift 4
mount -t tmpfs -o mode=755 tree-view "$mounted"
# The tree gets a name that can't hold what separates the options of a mount. It is open for this script alone.
exec 3<"$tree"
lower=/proc/self/fd/3
cd "$mounted"
mkdir tree added masks

# Makes directories of one place, named in the file names, in another: with their owners, modes and times, empty.
copy_directories() {
	tar --create --file archive --format posix --numeric-owner --no-recursion --directory "$1" --null --no-unquote --files-from names
	tar --extract --file archive --same-owner --numeric-owner --preserve-permissions --directory "$2"
}

# An overlay needs two layers. The upper one gives the top directory its owner, mode and time.
layers=$lower:added
if [ -n "$added" ]; then
	layers=added:$lower
	cp -R "$added/." added
	chmod -R u=rwX,go=rX added
	[ -z "$epoch" ] || find added -exec touch --date "@$epoch" -- {} +
	(
		cd added
		find . -type d -exec sh -c '
			for name; do
				if [ -d "$0/$name" ] && [ ! -h "$0/$name" ]; then
					printf "%s\\0" "$name"
				elif [ "$name" = ./tmp ] || [ "$name" = ./var/tmp ]; then
					chmod 1777 "$name"
				fi
			done' "$lower" {} +
	) >names
	copy_directories "$lower" added
fi
# Inode numbers that are unique though two file systems are below it: mkfs.btrfs takes them over.
options=lowerdir=$layers,xino=on
read -r inside outside count </proc/self/uid_map
[ "$inside $outside $count" = '0 0 4294967295' ] || options=$options,userxattr
mount -t overlay -o "ro,$options" tree-view tree
if [ "$1" != -- ]; then
	for mask; do
		[ "$mask" != -- ] || break
		printf '.%s\\0' "$mask"
	done >names
	copy_directories tree masks
fi
while [ "$1" != -- ]; do
	mount --bind "masks$1" "tree$1"
	shift
done
shift
exec "$@" 3<&-`;

/** Makes what a view of a tree as it is needs, in a directory that is empty. */
export async function makeTreeView(directory: string, given: Pick<TreeView, 'tree' | 'namespace'>): Promise<TreeView> {
  const view = { ...given, mounted: join(directory, 'mounted'), enter: join(directory, 'enter') };
  await writeFile(view.enter, script);
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
  const { directory = '', epoch = '' } = view.added ?? {};
  return command(
    'unshare',
    [
      ...view.namespace,
      ...['--', 'sh', view.enter, view.mounted, view.tree, directory, String(epoch)],
      ...masked,
      ...['--', program, ...args],
    ],
    options,
  );
}
