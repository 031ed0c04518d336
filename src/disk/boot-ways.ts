import { open } from 'node:fs/promises';
import { isEfiSystem } from '../layout/partition-types.js';
import type { System } from './system.js';
import { called, type Volume } from './volume.js';
import type { Volumes } from './volumes.js';

/** How a machine can start from a disk that knows nothing of the disk: by code in its first sector, or by a file. */
export type BootWay = 'bios' | 'uefi';

export interface BootWays {
  readonly ways: readonly BootWay[];
  /** Volumes for UEFI without the boot loader that is started without a boot entry, for people. */
  readonly withoutLoader: readonly string[];
}

/**
 * What is on a disk for each firmware to start.
 *
 * @param removableLoader the file name of the architecture's boot loader in EFI/BOOT; undefined where it has no UEFI
 */
export async function bootWays(
  volumes: Volumes,
  system: Pick<System, 'volumes'>,
  removableLoader: string | undefined,
): Promise<BootWays> {
  const ways: BootWay[] = (await hasBootCode(volumes.disk)) ? ['bios'] : [];
  const withoutLoader: string[] = [];
  for (const volume of system.volumes) {
    if (removableLoader === undefined || !isEfiSystemVolume(volume)) continue;
    const fileSystem = await volumes.fileSystem(volume);
    const root = { mountPoint: '/', subvolume: '/' };
    if ((await fileSystem.present(root, [`/EFI/BOOT/${removableLoader}`])).length > 0) ways.push('uefi');
    else withoutLoader.push(called(volume));
  }
  return { ways: [...new Set(ways)], withoutLoader };
}

function isEfiSystemVolume(volume: Volume): boolean {
  return volume.kind === 'partition' && volume.fileSystem === 'vfat' && isEfiSystem(volume.partition.type);
}

/** Bytes of a first sector: the code, and what an MBR has behind it. */
const codeSize = 440;
const mbr = { table: 446, entry: 16, entries: 4, type: 4, active: 0x80, efiSystem: 0xef, protective: 0xee } as const;

/** What libparted writes into each MBR that has no code (libparted/labels/dos.c): it starts the active partition, if any. */
const libpartedCode = Buffer.from('fab800108ed0bc00b0b800008ed88ec0fbbe007c', 'hex');

async function hasBootCode(disk: string): Promise<boolean> {
  const file = await open(disk);
  try {
    const sector = Buffer.alloc(512);
    await file.read(sector, 0, sector.length, 0);
    const code = sector.subarray(0, codeSize);
    if (code.subarray(0, libpartedCode.length).equals(libpartedCode)) return startsPartition(sector);
    return code.some((byte) => byte !== 0);
  } finally {
    await file.close();
  }
}

function startsPartition(sector: Buffer): boolean {
  return Array.from({ length: mbr.entries }, (_, index) => mbr.table + index * mbr.entry).some((at) => {
    const type = sector.readUInt8(at + mbr.type);
    return sector.readUInt8(at) === mbr.active && type !== mbr.efiSystem && type !== mbr.protective;
  });
}
