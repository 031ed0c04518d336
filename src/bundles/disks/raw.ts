import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { without, type Extent } from '../../disk/extent.js';
import { spareSpace } from '../../disk/spare-space.js';
import { command, run, type Host } from '../../host/host.js';
import { compressor } from '../../layers/export/compressor.js';
import type { ExportCompression } from '../../layers/export/formats.js';
import { fileNameOf, writeStream, type Made, type Making } from '../making.js';
import type { DiskSource } from '../source.js';
import { writeConverted } from './convert.js';

/** A raw disk: as a sparse file, or compressed, with a block map beside it. */
export async function writeRaw(making: Making, source: DiskSource): Promise<Made> {
  const { host, target, directory } = making;
  if (target.compression === 'none') return writeConverted(making, source);
  const name = await fileNameOf(making);
  const raw = await rawDisk(source, making);
  const read = createReadStream(raw, { highWaterMark: 2 ** 20 }) as AsyncIterable<Uint8Array>;
  host.log.progress({ text: `Writing ${name}` });
  await writeStream(making, name, compressor(host, target.compression as ExportCompression)(read));
  const map = `${name}.bmap`;
  await writeFile(join(directory, map), await blockMap(host, raw));
  return { files: [name, map] };
}

/** The disk in the size that the target demands, as a raw file that is only read. */
export async function rawDisk(source: DiskSource, { target }: Pick<Making, 'target'>): Promise<string> {
  const { path, format } = await source.grown(target.align);
  return format === 'raw' ? path : source.raw();
}

/** Bytes of a block in a block map. */
const blockSize = 4096;

/**
 * Which blocks of a raw disk must be written, with their sums: version 2.0 of the format of bmaptool. The other blocks keep
 * what is on the medium, so they are those that no file uses: a file of zeros must be zeros also on a medium that was not
 * empty.
 */
export async function blockMap(host: Host, raw: string): Promise<string> {
  const { size } = await stat(raw);
  const blocks = Math.ceil(size / blockSize);
  const ranges = without({ start: 0, end: blocks }, await emptyBlocks(host, raw, size));
  const file = await open(raw);
  const lines: string[] = [];
  try {
    for (const { start: first, end } of ranges) {
      const last = end - 1;
      host.signal.throwIfAborted();
      const sum = createHash('sha256');
      const stop = Math.min(size, end * blockSize);
      const chunk = Buffer.alloc(2 ** 20);
      for (let position = first * blockSize; position < stop;) {
        const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, stop - position), position);
        if (bytesRead === 0) break;
        sum.update(chunk.subarray(0, bytesRead));
        position += bytesRead;
      }
      const shown = first === last ? String(first) : `${first}-${last}`;
      lines.push(`        <Range chksum="${sum.digest('hex')}"> ${shown} </Range>\n`);
    }
  } finally {
    await file.close();
  }
  const mapped = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  const text = (own: string) => `<?xml version="1.0" ?>
<bmap version="2.0">
    <ImageSize> ${size} </ImageSize>
    <BlockSize> ${blockSize} </BlockSize>
    <BlocksCount> ${blocks} </BlocksCount>
    <MappedBlocksCount> ${mapped} </MappedBlocksCount>
    <ChecksumType> sha256 </ChecksumType>
    <BmapFileChecksum> ${own} </BmapFileChecksum>
    <BlockMap>
${lines.join('')}    </BlockMap>
</bmap>
`;
  // The map's own sum is that of the map with zeros in its place.
  return text(
    createHash('sha256')
      .update(text('0'.repeat(64)))
      .digest('hex'),
  );
}

/** Runs of whole blocks, by their numbers, that no file uses and that are zeros. */
async function emptyBlocks(host: Host, raw: string, size: number): Promise<Extent[]> {
  const found: Extent[] = [];
  const zeros = Buffer.alloc(blockSize);
  const file = await open(raw);
  try {
    for (const spare of await spareSpace(host, raw)) {
      host.signal.throwIfAborted();
      const last = Math.floor(Math.min(spare.end, size) / blockSize);
      const chunk = Buffer.alloc(256 * blockSize);
      for (let block = Math.ceil(spare.start / blockSize); block < last;) {
        const count = Math.min(256, last - block);
        await file.read(chunk, 0, count * blockSize, block * blockSize);
        for (let at = 0; at < count; at++) {
          if (!chunk.subarray(at * blockSize, (at + 1) * blockSize).equals(zeros)) continue;
          const before = found.at(-1);
          if (before?.end === block + at) found[found.length - 1] = { start: before.start, end: block + at + 1 };
          else found.push({ start: block + at, end: block + at + 1 });
        }
        block += count;
      }
    }
  } finally {
    await file.close();
  }
  return found;
}

/** A sparse raw file that belongs to the bundle, for archives that hold it. */
export async function copyRaw(making: Making, source: DiskSource, to: string): Promise<void> {
  const { host } = making;
  const raw = await rawDisk(source, making);
  await run(host, command('cp', ['--sparse=always', '--reflink=auto', '--', raw, to]));
}
