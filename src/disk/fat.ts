import { open } from 'node:fs/promises';
import { Failure } from '../host/failure.js';
import type { Extent } from './extent.js';
import type { Volume } from './partition-table.js';

/** Bytes: more than any FAT of a disk that is installed on. */
const largestTable = 2 ** 28;

/**
 * The clusters of a FAT file system that no file uses, in bytes of the disk. The format is that of Microsoft's "FAT:
 * General Overview of On-Disk Format".
 *
 * @throws Failure where its first sector makes no sense
 */
export async function freeClusters(disk: string, { number, offset, size }: Volume): Promise<Extent[]> {
  const file = await open(disk);
  try {
    const boot = (await file.read(Buffer.alloc(512), 0, 512, offset)).buffer;
    const sector = boot.readUInt16LE(11);
    const cluster = boot.readUInt8(13) * sector;
    const tableBytes = (boot.readUInt16LE(22) || boot.readUInt32LE(36)) * sector;
    const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
    const table = boot.readUInt16LE(14) * sector;
    const rootDirectory = Math.ceil((boot.readUInt16LE(17) * 32) / (sector || 1)) * sector;
    const data = table + boot.readUInt8(16) * tableBytes + rootDirectory;
    const clusters = cluster === 0 ? 0 : Math.floor((sectors * sector - data) / cluster);
    const bits = clusters < 4085 ? 12 : clusters < 65525 ? 16 : 32;
    const fits = Math.ceil(((clusters + 2) * bits) / 8) <= tableBytes && tableBytes <= largestTable;
    if (clusters <= 0 || sectors * sector > size || !fits) {
      throw new Failure(`the FAT file system on partition ${number} of the disk ${disk} is damaged`, {
        hint: 'The installation left a damaged disk: build the image again, and check the console log if the error persists.',
      });
    }
    const entries = (await file.read(Buffer.alloc(tableBytes), 0, tableBytes, offset + table)).buffer;
    const free: Extent[] = [];
    for (let index = 2; index < clusters + 2; index++) {
      if (entryOf(entries, index, bits) !== 0) continue;
      const start = offset + data + (index - 2) * cluster;
      const last = free.at(-1);
      if (last?.end === start) free[free.length - 1] = { start: last.start, end: start + cluster };
      else free.push({ start, end: start + cluster });
    }
    return free;
  } finally {
    await file.close();
  }
}

function entryOf(table: Buffer, index: number, bits: 12 | 16 | 32): number {
  if (bits === 32) return table.readUInt32LE(index * 4) & 0x0fffffff;
  if (bits === 16) return table.readUInt16LE(index * 2);
  const pair = table.readUInt16LE(Math.floor(index * 1.5));
  return index % 2 === 0 ? pair & 0xfff : pair >> 4;
}
