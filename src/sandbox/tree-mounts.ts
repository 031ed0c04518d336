import { quote } from 'shlex';

/** A directory or file of this machine that programs see in the tree. */
export interface Bind {
  /** Absolute, on this machine. */
  readonly from: string;
  /** Absolute, in the tree; symbolic links are followed there. It must exist, or lie below `/run`. */
  readonly to: string;
  readonly mode: 'read-only' | 'writable';
}

/** A bind whose place in the tree is known. */
export interface PlacedBind extends Omit<Bind, 'to'> {
  /** On this machine, without symbolic links. */
  readonly place: string;
}

const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/**
 * The script that makes a tree a root directory, and runs a program in it: process 1 of its own process and mount
 * namespace. What it mounts ends with it, so there is nothing to unmount.
 *
 * The tree is moved over the root of the namespace, as switch_root(8) does it, so that programs in it see no file system
 * of this machine and may make namespaces of their own. /sys: root's is read-only; an ordinary user can't write to it. What
 * changes a kernel that is shared with this machine is read-only for both: sysctl(8) in a script is meant for the image.
 */
export function treeScript(
  root: string,
  binds: readonly PlacedBind[],
  { hostname, kernel }: { readonly hostname: string; readonly kernel: 'shared' | 'own' },
): string {
  const at = (path: string) => quote(`${root}${path}`);
  return [
    'set -eu',
    `mount --rbind ${quote(root)} ${quote(root)}`,
    `mount -t proc -o nosuid,nodev,noexec proc ${at('/proc')}`,
    ...(kernel === 'shared' ? ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq'] : []).flatMap((path) => [
      `mount --bind ${at(path)} ${at(path)} 2>/dev/null && mount -o remount,bind,ro ${at(path)} 2>/dev/null || :`,
    ]),
    `mount -t sysfs -o ro,nosuid,nodev,noexec sysfs ${at('/sys')} 2>/dev/null || mount --rbind /sys ${at('/sys')}`,
    `mount -t tmpfs -o mode=0755,nosuid,size=64M dev ${at('/dev')}`,
    ...devices.flatMap((name) => [`: >${at(`/dev/${name}`)}`, `mount --bind /dev/${name} ${at(`/dev/${name}`)}`]),
    `mkdir ${at('/dev/pts')} ${at('/dev/shm')}`,
    `mount -t devpts -o newinstance,nosuid,noexec,ptmxmode=0666,mode=0620,gid=5 devpts ${at('/dev/pts')}`,
    `mount -t tmpfs -o mode=1777,nosuid,nodev shm ${at('/dev/shm')}`,
    `ln -s pts/ptmx ${at('/dev/ptmx')}`,
    ...['fd', 'stdin:fd/0', 'stdout:fd/1', 'stderr:fd/2'].map((word) => {
      const [name = '', target = 'fd'] = word.split(':');
      return `ln -s /proc/self/${target} ${at(`/dev/${name}`)}`;
    }),
    `mount -t tmpfs -o mode=0755,nosuid,nodev run ${at('/run')}`,
    `mkdir -m 1777 ${at('/run/lock')}`,
    ...binds.flatMap((bind) => bindLines(root, bind)),
    `hostname ${quote(hostname)} 2>/dev/null || :`,
    `cd ${quote(root)}`,
    // Without --no-mtab, mount(8) fails afterwards, because an ordinary user can't write to /run/mount/utab.
    'mount --no-mtab --move . /',
    // Not exec: this shell stays process 1, and takes in what the program leaves. PATH is in the words as well, so
    // chroot is found by that of this machine's sbin directories.
    'env -i "$@"',
    'exit $?',
  ].join('\n');
}

function bindLines(root: string, { from, place, mode }: PlacedBind): string[] {
  // /run is empty at this point.
  const made = place.startsWith(`${root}/run/`)
    ? [
        `mkdir -p "$(dirname ${quote(place)})"`,
        `if [ -d ${quote(from)} ]; then mkdir -p ${quote(place)}; else : >${quote(place)}; fi`,
      ]
    : [];
  const mount = [`mount --bind ${quote(from)} ${quote(place)}`];
  return [
    ...made,
    ...mount,
    ...(mode === 'read-only' ? [`mount -o remount,bind,ro ${quote(place)} 2>/dev/null || :`] : []),
  ];
}
