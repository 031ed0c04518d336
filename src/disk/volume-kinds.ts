import { Failure } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import type { VolumeGroups } from './lvm/volume-group.js';
import { readsAsZeros } from './reads-as-zeros.js';
import { called, type Volume } from './volume.js';

/** File systems that a Linux system can live on, and how their files are got at. */
export const linuxFileSystems: Readonly<Record<string, 'e2fsprogs' | 'helper'>> = {
  ext2: 'e2fsprogs',
  ext3: 'e2fsprogs',
  ext4: 'e2fsprogs',
  xfs: 'helper',
  btrfs: 'helper',
};

/** What holds no files of the installed system's, or only those of its boot loader. */
const othersHandled = new Set(['swap', 'vfat']);

export function holdsLinux(volume: Volume): volume is Volume & { readonly fileSystem: string } {
  return volume.fileSystem !== undefined && Object.hasOwn(linuxFileSystems, volume.fileSystem);
}

/** What has files: also that of a boot loader. */
export function holdsFiles(volume: Volume): volume is Volume & { readonly fileSystem: string } {
  return holdsLinux(volume) || volume.fileSystem === 'vfat';
}

/** MBR types of a partition that only holds others (sfdisk --list-types). */
const extendedTypes = new Set(['5', 'f', '85']);

export const isExtended = ({ type }: { readonly type: string }): boolean => extendedTypes.has(type);

/** Partitions for a boot loader's own code, which has no file system: BIOS boot, PReP (also as an MBR type). */
const bootCodeTypes = new Set(['21686148-6449-6e6f-744e-656564454649', '9e1a2d38-c612-4316-aa26-8b49521e5a8b', '41']);

const isBootCode = (volume: Volume) => volume.kind === 'partition' && bootCodeTypes.has(volume.partition.type);

/** Names of what blkid recognises, for people. */
const opaqueNames: Readonly<Record<string, string>> = {
  LVM1_member: 'a physical volume of LVM1',
  LVM2_member: 'a physical volume of LVM in another volume',
  crypto_LUKS: 'encrypted with LUKS',
  linux_raid_member: 'a member of a RAID',
  bcache: 'a member of bcache',
  zfs_member: 'a member of a ZFS pool',
};

/**
 * Fails where something on the disk can't be looked into: it may hold anything.
 *
 * @throws Failure naming every such volume
 */
export async function refuseOpaque(
  host: Caller,
  disk: string,
  { volumes, lvm }: { readonly volumes: readonly Volume[]; readonly lvm: VolumeGroups },
): Promise<void> {
  const opaque: string[] = [];
  for (const volume of volumes) {
    const { fileSystem } = volume;
    if (holdsLinux(volume) || othersHandled.has(fileSystem ?? '')) continue;
    if (fileSystem === undefined && (isBootCode(volume) || (await readsAsZeros(host, disk, volume.extents)))) continue;
    const what =
      fileSystem === undefined ? 'data of no file system that is known' : (opaqueNames[fileSystem] ?? fileSystem);
    opaque.push(`${called(volume)} (${what})`);
  }
  opaque.push(...lvm.odd.map(({ id, what }) => `logical volume ${id} (${what})`));
  if (opaque.length === 0) return;
  throw new Failure(`can't read ${opaque.join(', ')} of the disk ${disk}, so the installed system can't be cleaned`, {
    hint: 'Let the installer create ext2, ext3, ext4, xfs, btrfs, FAT or swap on partitions or linear logical volumes: no encryption or RAID, and no thin, cached, mirrored or striped volumes or snapshots.',
  });
}
