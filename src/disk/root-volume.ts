import { Failure } from '../host/failure.js';
import { architectures } from '../machine/architectures.js';
import type { Place } from './place.js';
import { rootMarks } from './signs.js';
import type { VolumeFileSystem } from './volume-file-system.js';
import { holdsLinux } from './volume-kinds.js';
import type { Volume } from './volume.js';
import type { Volumes } from './volumes.js';

/** The volume, and on btrfs the subvolume, that holds the root directory of the installed system. */
export interface Root {
  readonly volume: Volume;
  readonly subvolume: string;
}

/** GPT types that say "this is the root file system" (Discoverable Partitions Specification). */
const rootTypes: ReadonlySet<string> = new Set([
  ...Object.values(architectures).map(({ rootPartitionType }) => rootPartitionType),
  // No images of these are built here, but a disk may have one.
  '44479540-f297-41b2-9af7-d131d5f0458a', // x86
  '69dad710-2ce4-4e3c-b16c-21a1d49abed3', // arm
  '5eead9a9-fe09-4a1e-a1d7-520d00531306', // s390x
]);

/**
 * The root of the installed system: the volume that the configuration names; else the only Linux file system there
 * is; else the one that looks like a root directory; else the one whose partition type says so.
 *
 * @param named the id of a volume (`root-partition`)
 * @throws Failure naming the volumes, if there is none or it can't be told
 */
export async function findRoot(volumes: Volumes, all: readonly Volume[], named: string | undefined): Promise<Root> {
  const chosen = named === undefined ? await choose(volumes, all) : all.find(({ id }) => id === named);
  if (chosen !== undefined && holdsLinux(chosen)) {
    return { volume: chosen, subvolume: await systemSubvolume(await volumes.fileSystem(chosen)) };
  }
  const described = `its volumes: ${all.map(describe).join(', ')}`;
  if (named !== undefined) {
    throw new Failure(
      `root-partition = ${named}: no Linux file system is there on the disk ${volumes.disk}; ${described}`,
    );
  }
  const none = all.filter(holdsLinux).length === 0;
  throw new Failure(
    `${none ? 'no root file system' : 'no single root file system'} on the disk ${volumes.disk}; ${described}`,
    {
      hint: none
        ? 'Root file systems on a partition or a linear logical volume are handled: ext2, ext3, ext4, xfs and btrfs.'
        : 'Say which one holds the root file system: root-partition = NUMBER or GROUP/VOLUME (--root-partition), with --resume to go on with this disk.',
    },
  );
}

async function choose(volumes: Volumes, all: readonly Volume[]): Promise<Volume | undefined> {
  const candidates = all.filter(holdsLinux);
  if (candidates.length <= 1) return candidates[0];
  const seen: { volume: Volume; present: ReadonlySet<string> }[] = [];
  for (const volume of candidates) seen.push({ volume, present: await marksOf(await volumes.fileSystem(volume)) });
  for (const mark of rootMarks) {
    const like = seen.filter(({ present }) => mark.every((path) => present.has(path)));
    const declared = like.filter(({ volume }) => isDeclared(volume));
    const [only] = declared.length === 1 ? declared : like;
    if (only && (like.length === 1 || declared.length === 1)) return only.volume;
    if (like.length > 1) return undefined;
  }
  const declared = candidates.filter(isDeclared);
  return declared.length === 1 ? declared[0] : undefined;
}

function isDeclared(volume: Volume): boolean {
  return volume.kind === 'partition' && rootTypes.has(volume.partition.type);
}

async function marksOf(fileSystem: VolumeFileSystem): Promise<ReadonlySet<string>> {
  const place: Place = { mountPoint: '/', subvolume: await systemSubvolume(fileSystem) };
  return new Set(await fileSystem.present(place, [...new Set(rootMarks.flat())]));
}

/** Subvolumes that distributions install into, where the default one is left at the top of the file system. */
const usualSubvolumes = ['@', '@rootfs', 'root'];

/** The subvolume with the system: the default one, unless that is none and another one is. */
async function systemSubvolume(fileSystem: VolumeFileSystem): Promise<string> {
  const subvolumes = await fileSystem.subvolumes();
  const [initial = '/'] = subvolumes;
  if (subvolumes.length === 1) return initial;
  for (const subvolume of [initial, ...usualSubvolumes.filter((name) => subvolumes.includes(name))]) {
    const place: Place = { mountPoint: '/', subvolume };
    if ((await fileSystem.present(place, ['/etc/os-release', '/usr/lib/os-release', '/etc/fstab'])).length > 0) {
      return subvolume;
    }
  }
  return initial;
}

function describe(volume: Volume): string {
  const what = volume.kind === 'partition' ? `type ${volume.partition.type}` : 'nothing';
  return `${volume.id} (${volume.fileSystem ?? what}, ${Math.round(volume.size / 2 ** 20)} MiB)`;
}
