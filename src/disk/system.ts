import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gptTypes, parseGptType } from '../layout/partition-types.js';
import { ExtFileSystem } from './ext-file-system.js';
import { isUnmounted } from './ext-state.js';
import { parseFstab, subvolumeOf, volumeOf, type FstabEntry } from './fstab.js';
import { readDiskLayout, type DiskLayout } from './disk-layout.js';
import { inSystem, type Place } from './place.js';
import { findRoot } from './root-volume.js';
import { looks } from './signs.js';
import type { VolumeFileSystem } from './volume-file-system.js';
import { called, type Volume } from './volume.js';
import { holdsFiles, holdsLinux, refuseOpaque } from './volume-kinds.js';
import type { Volumes } from './volumes.js';
import type { Caller } from '../host/host.js';
import { withScratchDirectory } from '../host/scratch-directory.js';

/** A place of the system, and the volume that it is on. */
export interface Mount extends Place {
  /** The id of the volume. */
  readonly volume: string;
}

export interface UnmountedPlace extends Mount {
  /** Whether it has in it what a system has there. */
  readonly looksRight: boolean;
}

/** The installed system: what is on its disk, with mount points. Plain data, which holds as long as nobody parts the disk anew. */
export interface System extends DiskLayout {
  /** What the system mounts: first its root. */
  readonly mounts: readonly Mount[];
  /** What it does not mount, such as a snapshot: where it would be mounted if it is a part of a system. */
  readonly unmounted: readonly UnmountedPlace[];
  /** Files of the root file system that the system swaps to. */
  readonly swapFiles: readonly string[];
  /** What fstab names that is no volume of this disk. */
  readonly unknownDevices: readonly string[];
}

/**
 * Looks at what was installed: the volumes of a disk, which of them holds the root, and what its fstab mounts where.
 *
 * @param rootPartition the id of a volume, where the root can't be told, or would be told wrongly
 * @throws Failure for a volume that can't be looked into, and where the root can't be told
 */
export async function readSystem(volumes: Volumes, rootPartition?: string): Promise<System> {
  const { host, disk } = volumes;
  const layout = await readDiskLayout(host, disk);
  await refuseOpaque(host, disk, layout);
  const all = layout.volumes;
  for (const volume of all.filter(holdsFiles)) {
    if (!(await isReadable(volumes, volume))) await (await volumes.fileSystem(volume)).prepare();
  }
  const root = await findRoot(volumes, all, rootPartition);
  const rootMount: Mount = { volume: root.volume.id, mountPoint: '/', subvolume: root.subvolume };
  const fstab = await readFstab(host, await volumes.fileSystem(root.volume), rootMount);
  const mounts = [rootMount];
  const unknownDevices: string[] = [];
  for (const entry of fstab.filter(mountsDevice)) {
    const volume = volumeOf(entry.device, all);
    // The root is known by what is in it.
    if (entry.mountPoint === '/') continue;
    if (volume === undefined) unknownDevices.push(`${entry.device} at ${entry.mountPoint}`);
    else if (holdsFiles(volume)) mounts.push(await mountOf(entry, volume, volumes));
  }
  for (const volume of all) {
    const mountPoint = volume.kind === 'partition' ? discoverable[volume.partition.type.toUpperCase()] : undefined;
    if (mountPoint === undefined || !holdsFiles(volume)) continue;
    if (mounts.some((mount) => mount.volume === volume.id || mount.mountPoint === mountPoint)) continue;
    const [subvolume = '/'] = await (await volumes.fileSystem(volume)).subvolumes();
    mounts.push({ volume: volume.id, mountPoint, subvolume });
  }
  return {
    ...layout,
    mounts,
    unmounted: await lookFor(volumes, all, mounts),
    swapFiles: fstab.filter(({ type, device }) => type === 'swap' && isFile(device)).map(({ device }) => device),
    unknownDevices,
  };
}

/** The volume that holds the root file system. */
export function rootVolume({ volumes, mounts }: System): Volume {
  const root = volumes.find(({ id }) => id === mounts[0]?.volume);
  if (root === undefined) throw new Error('a system without a root');
  return root;
}

/** Whether a volume can be read as it is: nothing needs to be written to it first, and nothing to be put together. */
export async function isReadable(volumes: Volumes, volume: Volume): Promise<boolean> {
  if (volume.extents.length > 1 || !ExtFileSystem.handles(volume)) return false;
  const { file, offset } = await volumes.stretch(volume);
  return isUnmounted(file, offset);
}

async function readFstab(host: Caller, fileSystem: VolumeFileSystem, root: Place): Promise<FstabEntry[]> {
  const read = async (scratch: string) => {
    const copy = join(scratch, 'fstab');
    return (await fileSystem.copyOut('/etc/fstab', copy, root)) ? parseFstab(await readFile(copy, 'utf8')) : [];
  };
  return withScratchDirectory('fstab', read, host.scratch);
}

const isFile = (device: string) => device.startsWith('/') && !device.startsWith('/dev/');

/** Whether an entry mounts a device into the tree: not swap, network, memory, or a directory somewhere else. */
function mountsDevice({ device, mountPoint, type, options }: FstabEntry): boolean {
  const removable = /^\/dev\/(?:cdrom|fd\d|sr\d|dvd)/.test(device);
  const isDevice = device.startsWith('/dev/') || /^\w+=/.test(device);
  return isDevice && !removable && mountPoint.startsWith('/') && type !== 'swap' && !options.includes('bind');
}

async function mountOf(entry: FstabEntry, volume: Volume, volumes: Volumes): Promise<Mount> {
  const [initial = '/'] = await (await volumes.fileSystem(volume)).subvolumes();
  return { volume: volume.id, mountPoint: entry.mountPoint, subvolume: subvolumeOf(entry) ?? initial };
}

/** Where systemd mounts partitions by their GPT types alone (Discoverable Partitions Specification). */
const discoverable: Readonly<Record<string, string>> = {
  [parseGptType('8302')]: '/home',
  [parseGptType('8306')]: '/srv',
  [parseGptType('8310')]: '/var',
  [parseGptType('8311')]: '/var/tmp',
  [parseGptType('EA00')]: '/boot',
  [gptTypes.efiSystem]: '/efi',
};

/** Places of which every leftover is called so that it can't be taken for anything else, wherever it lies. */
const unmistakable = ['/', '/root', '/var'];

/** Every volume and subvolume that is not mounted, as each part of a system that it may be. */
async function lookFor(volumes: Volumes, all: readonly Volume[], mounts: readonly Mount[]): Promise<UnmountedPlace[]> {
  const found: UnmountedPlace[] = [];
  for (const volume of all.filter(holdsLinux)) {
    const fileSystem = await volumes.fileSystem(volume);
    for (const subvolume of await fileSystem.subvolumes()) {
      if (mounts.some((mount) => mount.volume === volume.id && mount.subvolume === subvolume)) continue;
      const called = nameOf(volume, subvolume);
      for (const { mountPoint, needs, paths } of looks) {
        const place: Place = { mountPoint, subvolume };
        const present = await fileSystem.present(place, paths);
        const looksRight = needs === 'all' ? present.length === paths.length : present.length > 0;
        if (looksRight || unmistakable.includes(mountPoint) || called.endsWith(mountPoint)) {
          found.push({ volume: volume.id, ...place, looksRight });
        }
      }
    }
  }
  return found;
}

/** Where its name says that a volume is mounted: `@/var/log`, `@var_log` and a partition called `var-log` at /var/log. */
function nameOf(volume: Volume, subvolume: string): string {
  const own = volume.kind === 'partition' ? volume.partition.partLabel : volume.name;
  const name = subvolume === '/' ? (volume.label ?? own ?? '') : subvolume;
  return `/${name.replaceAll(/[@_-]/g, '/')}`.replaceAll(/\/+/g, '/');
}

/** What is removed or shown at a place, for people: as the system has it, or where else it lies. */
export function described({ mounts, volumes }: System, mount: Mount, path: string): string {
  if (mounts.includes(mount)) return path;
  const inside = mount.subvolume === '/' ? '' : `subvolume ${mount.subvolume} of `;
  const volume = volumes.find(({ id }) => id === mount.volume);
  return `${inSystem('/', path)} (in ${inside}${volume ? called(volume) : mount.volume}, which is not mounted)`;
}
