import { existsSync } from 'node:fs';
import { chmod, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { quote } from 'shlex';
import { isInUserNamespace } from './enter.js';
import { devices, fileSystems, fstab, guardsOfKernel, sharedThings, type PlacedBind } from './tree-mounts.js';

/** How a program enters a tree. */
export interface Entry {
  readonly binds: readonly PlacedBind[];
  readonly hostname: string;
  /** Whether the kernel is that of the build machine, which programs must not change, or the tree's alone. */
  readonly kernel: 'shared' | 'own';
}

/**
 * Writes the script that makes a tree a root directory, and runs its arguments in it: process 1 of its own process and
 * mount namespace. What it mounts ends with it, so there is nothing to unmount.
 *
 * The tree is moved over the root of the namespace, as switch_root(8) does it, so that programs in it see no file system
 * of this machine and may make namespaces of their own.
 *
 * Every program enters anew, and each process that the script starts makes it wait. So a mount(8) mounts a file of many
 * lines, and one cp(1) brings all that is to lie in the new /dev and /run.
 *
 * @param directory an empty one, for the script and what it reads
 * @returns the path of the script
 */
export async function writeEntry(directory: string, root: string, entry: Entry): Promise<string> {
  const { binds, hostname, kernel } = entry;
  const systems = join(directory, 'file-systems');
  const shared = join(directory, 'shared');
  const furniture = join(directory, 'furniture');
  const tree = join(directory, 'tree');
  await mkdir(tree);
  await writeFile(systems, fstab(fileSystems(root, { at: tree, inUserNamespace: await isInUserNamespace() })));
  await writeFile(shared, fstab(sharedThings(tree, binds)));
  await furnish(furniture, binds);
  const lines = [
    'set -eu',
    mountAll(systems),
    `cp -R -P --preserve=mode ${quote(`${furniture}/dev`)} ${quote(`${furniture}/run`)} ${quote(tree)}`,
    ...(kernel === 'shared' ? guardsOfKernel(tree) : []).map(
      (guard) => `[ ! -e ${quote(guard[1])} ] || printf %s ${quote(fstab([guard]))} >>${quote(shared)}`,
    ),
    mountAll(shared),
    // The host name is the namespace's. Only root may write it there, and needs no program for it.
    `{ echo ${quote(hostname)} >/proc/sys/kernel/hostname || hostname ${quote(hostname)}; } 2>/dev/null || :`,
    `cd ${quote(tree)}`,
    'mount --no-mtab --move . /',
    // Not exec: this shell stays process 1, and takes in what the program leaves. PATH is in the words as well, so
    // chroot is found by that of this machine's sbin directories.
    'env -i "$@"',
    'exit $?',
  ];
  const script = join(directory, 'enter');
  await writeFile(script, lines.join('\n'));
  return script;
}

/** Without --no-mtab, mount(8) fails afterwards, because an ordinary user can't write to /run/mount/utab. */
function mountAll(file: string): string {
  return `mount --no-mtab --all --fstab ${quote(file)}`;
}

/** Makes what lies in /dev and /run of a tree: links, and empty files and directories that others are bound over. */
async function furnish(directory: string, binds: readonly PlacedBind[]): Promise<void> {
  const at = (path: string) => join(directory, path);
  await makeDirectory(at('dev'));
  await makeDirectory(at('run'));
  for (const name of devices) await writeFile(at(`dev/${name}`), '');
  await symlink('pts/ptmx', at('dev/ptmx'));
  await symlink('/proc/self/fd', at('dev/fd'));
  for (const [fd, name] of ['stdin', 'stdout', 'stderr'].entries())
    await symlink(`/proc/self/fd/${fd}`, at(`dev/${name}`));
  await makeDirectory(at('run/lock'), 0o1777);
  for (const { from, place } of binds.filter((bind) => bind.place.startsWith('/run/'))) {
    const path = at(place);
    await makeDirectory(dirname(path));
    if ((await stat(from)).isDirectory()) await makeDirectory(path);
    else await writeFile(path, '');
  }
}

/** And those above it, whatever the umask is. */
async function makeDirectory(path: string, mode = 0o755): Promise<void> {
  if (existsSync(path)) return;
  await makeDirectory(dirname(path));
  await mkdir(path);
  await chmod(path, mode);
}
