import { open } from 'node:fs/promises';
import { Failure } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import type { Volume } from './partition-table.js';
import { readHoles } from './raw-disk.js';

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

/** MBR types of a partition that only holds others (sfdisk --list-types). */
const extendedTypes = new Set(['5', 'f', '85']);

export const isExtended = ({ type }: { readonly type: string }): boolean => extendedTypes.has(type);

/** Partitions for a boot loader's own code, which has no file system: BIOS boot, PReP (also as an MBR type). */
const bootCodeTypes = new Set(['21686148-6449-6e6f-744e-656564454649', '9e1a2d38-c612-4316-aa26-8b49521e5a8b', '41']);

/** Names of what blkid recognises, for people. */
const opaqueNames: Readonly<Record<string, string>> = {
  LVM2_member: 'a physical volume of LVM',
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
export async function refuseOpaque(host: Caller, disk: string, volumes: readonly Volume[]): Promise<void> {
  const opaque: string[] = [];
  for (const volume of volumes) {
    const { number, fileSystem, type } = volume;
    if (holdsLinux(volume) || othersHandled.has(fileSystem ?? '') || isExtended(volume)) continue;
    if (fileSystem === undefined && (bootCodeTypes.has(type) || (await readsAsZeros(host, disk, volume)))) continue;
    const what =
      fileSystem === undefined ? 'data of no file system that is known' : (opaqueNames[fileSystem] ?? fileSystem);
    opaque.push(`partition ${number} (${what})`);
  }
  if (opaque.length === 0) return;
  throw new Failure(`can't read ${opaque.join(', ')} of the disk ${disk}, so the installed system can't be cleaned`, {
    hint: 'Let the installer create plain partitions with ext2, ext3, ext4, xfs, btrfs, swap or FAT: no LVM, encryption or RAID.',
  });
}

/** Bytes that are read at a time. */
const chunk = 2 ** 20;

async function readsAsZeros(host: Caller, disk: string, { offset, size }: Volume): Promise<boolean> {
  const zeros = Buffer.alloc(chunk);
  const end = offset + size;
  const holes = (await readHoles(host, disk)).filter((hole) => hole.end > offset && hole.start < end);
  const file = await open(disk);
  try {
    let position = offset;
    while (position < end) {
      const at = position;
      const hole = holes.find((candidate) => candidate.start <= at && at < candidate.end);
      if (hole) {
        position = hole.end;
        continue;
      }
      const { buffer, bytesRead } = await file.read(Buffer.alloc(chunk), 0, Math.min(chunk, end - at), at);
      if (bytesRead === 0) return true;
      if (!buffer.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead))) return false;
      position += bytesRead;
    }
    return true;
  } finally {
    await file.close();
  }
}
