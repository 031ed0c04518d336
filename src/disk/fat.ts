import { open, type FileHandle } from 'node:fs/promises';
import { Failure } from '../host/failure.js';
import type { Extent } from './extent.js';
import type { Stretch } from './volume.js';

/** Bytes: more than any FAT of a disk that is installed on. */
const largestTable = 2 ** 28;

/** Where a FAT file system has what. Bytes from the beginning of the file that it lies in. */
interface Geometry {
  /** Bytes of a cluster. */
  readonly cluster: number;
  /** How many there are; the first one has the number 2. */
  readonly clusters: number;
  readonly bits: 12 | 16 | 32;
  /** Where cluster 2 begins. */
  readonly data: number;
  /** The root directory, where it has a place of its own (FAT12 and FAT16). */
  readonly rootDirectory: Extent;
  /** The first cluster of the root directory (FAT32). */
  readonly rootCluster: number;
}

/**
 * A FAT file system's clusters, read from its table. The format is that of Microsoft's "FAT: General Overview of On-Disk
 * Format".
 */
export class Fat {
  private constructor(
    private readonly file: FileHandle,
    private readonly geometry: Geometry,
    private readonly table: Buffer,
    private readonly damaged: () => Failure,
  ) {}

  /**
   * Reads the table, and has something done with it.
   *
   * @param name what the file system is on, for messages
   * @throws Failure where its first sector makes no sense
   */
  static async use<T>(
    { file: path, offset, size }: Stretch,
    name: string,
    action: (fat: Fat) => Promise<T>,
  ): Promise<T> {
    const damaged = () =>
      new Failure(`the FAT file system on ${name} is damaged`, {
        hint: 'The installation left a damaged disk: build the image again, and check the console log if the error persists.',
      });
    const file = await open(path);
    try {
      const boot = (await file.read(Buffer.alloc(512), 0, 512, offset)).buffer;
      const sector = boot.readUInt16LE(11);
      const cluster = boot.readUInt8(13) * sector;
      const tableBytes = (boot.readUInt16LE(22) || boot.readUInt32LE(36)) * sector;
      const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
      const table = boot.readUInt16LE(14) * sector;
      const rootDirectory = table + boot.readUInt8(16) * tableBytes;
      const data = rootDirectory + Math.ceil((boot.readUInt16LE(17) * 32) / (sector || 1)) * sector;
      const clusters = cluster === 0 ? 0 : Math.floor((sectors * sector - data) / cluster);
      const bits = clusters < 4085 ? 12 : clusters < 65525 ? 16 : 32;
      const fits = Math.ceil(((clusters + 2) * bits) / 8) <= tableBytes && tableBytes <= largestTable;
      if (clusters <= 0 || sectors * sector > size || !fits) throw damaged();
      const { buffer } = await file.read(Buffer.alloc(tableBytes), 0, tableBytes, offset + table);
      const geometry: Geometry = {
        ...{ cluster, clusters, bits, data: offset + data },
        rootDirectory: { start: offset + rootDirectory, end: offset + data },
        rootCluster: bits === 32 ? boot.readUInt32LE(44) : 0,
      };
      return await action(new Fat(file, geometry, buffer, damaged));
    } finally {
      await file.close();
    }
  }

  /** The clusters that no file uses. */
  freeClusters(): Extent[] {
    const free: Extent[] = [];
    for (let number = 2; number < this.geometry.clusters + 2; number++) {
      if (this.#entry(number) !== 0) continue;
      const { start, end } = this.#place(number);
      const last = free.at(-1);
      if (last?.end === start) free[free.length - 1] = { start: last.start, end };
      else free.push({ start, end });
    }
    return free;
  }

  rootDirectory(): Extent[] {
    return this.geometry.bits === 32 ? this.chain(this.geometry.rootCluster) : [this.geometry.rootDirectory];
  }

  /** The clusters of a file or directory, in its order; none for an empty file, which has no first one. */
  chain(first: number): Extent[] {
    const { bits, clusters } = this.geometry;
    const last = { 12: 0xff8, 16: 0xfff8, 32: 0x0ffffff8 }[bits];
    const found: Extent[] = [];
    for (let number = first; number !== 0 && number < last; number = this.#entry(number)) {
      if (number < 2 || number >= clusters + 2 || found.length > clusters) throw this.damaged();
      found.push(this.#place(number));
    }
    return found;
  }

  async read(extents: readonly Extent[]): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (const { start, end } of extents) {
      parts.push((await this.file.read(Buffer.alloc(end - start), 0, end - start, start)).buffer);
    }
    return Buffer.concat(parts);
  }

  #place(number: number): Extent {
    const { data, cluster } = this.geometry;
    return { start: data + (number - 2) * cluster, end: data + (number - 1) * cluster };
  }

  /** What the table says of a cluster: 0 where it is free, else the next one of its file, or that it is the last. */
  #entry(number: number): number {
    if (this.geometry.bits === 32) return this.table.readUInt32LE(number * 4) & 0x0fffffff;
    if (this.geometry.bits === 16) return this.table.readUInt16LE(number * 2);
    const pair = this.table.readUInt16LE(Math.floor(number * 1.5));
    return number % 2 === 0 ? pair & 0xfff : pair >> 4;
  }
}
