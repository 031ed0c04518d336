import { open, type FileHandle } from 'node:fs/promises';
import { without, type Extent } from './extent.js';
import type { Partition, PartitionTable } from './partition-table.js';
import { sectorSize } from './raw-disk.js';
import { isExtended } from './volume-kinds.js';

/** Far more logical partitions than any system takes. */
const mostLogical = 128;

/**
 * What of a disk is in no partition, and holds nothing that counts. On a disk with an MBR, what is before the first
 * partition stays: boot loaders put their code there. The headers and tables of a GPT stay, and so do those of logical
 * partitions.
 */
export async function gaps(disk: string, { label, usable, partitions }: PartitionTable): Promise<Extent[]> {
  const first = Math.min(...partitions.map(({ offset }) => offset));
  const space = { start: label === 'dos' ? first : usable.start, end: usable.end };
  const extended = partitions.filter(isExtended);
  const file = await open(disk);
  try {
    const tables = (await Promise.all(extended.map((each) => logicalTables(file, each)))).flat();
    const kept = partitions
      .filter((each) => !isExtended(each))
      .map(({ offset, size }) => ({ start: offset, end: offset + size }));
    return without(space, [...kept, ...tables]);
  } finally {
    await file.close();
  }
}

/** The sectors with the tables of the logical partitions: each names the next one, from the first one on. */
async function logicalTables(file: FileHandle, { offset: start, size }: Partition): Promise<Extent[]> {
  const tables: Extent[] = [];
  for (let at = start; tables.length < mostLogical;) {
    tables.push({ start: at, end: at + sectorSize });
    const { buffer } = await file.read(Buffer.alloc(sectorSize), 0, sectorSize, at);
    // The second entry: bytes 462 to 477, its first sector in bytes 8 to 11 of it.
    const next = start + buffer.readUInt32LE(462 + 8) * sectorSize;
    if (buffer.readUInt16LE(510) !== 0xaa55 || next <= at || next >= start + size) break;
    at = next;
  }
  return tables;
}
