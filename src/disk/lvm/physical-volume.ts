import type { FileHandle } from 'node:fs/promises';
import { Failure } from '../../host/failure.js';
import type { Extent } from '../extent.js';
import { sectorSize } from '../raw-disk.js';
import { lvmChecksum } from './checksum.js';

/** What a physical volume says of itself, before anything is known of its volume group. */
export interface PhysicalVolume {
  /** 32 characters, without the dashes that LVM shows. */
  readonly uuid: string;
  /** What each valid copy of the metadata says: one where a metadata area is in use, none on an unused physical volume. */
  readonly metadata: readonly string[];
  /** What is in use of its beginning and its end: label, headers, the newest metadata. In bytes of the physical volume. */
  readonly headers: readonly Extent[];
  /** Where a boot loader may lie, in bytes of the physical volume. */
  readonly bootLoader: readonly Extent[];
}

/** Sectors in which the label may be: LVM looks no further. */
const labelSectors = 4;

/** Bytes of the header of a metadata area. */
const headerSize = 512;

const headerMagic = ' LVM2 x[5A%r0N*>';

/** Bytes: more than LVM takes for a metadata area, which is 1 MiB where nothing else is asked for. */
const largestArea = 256 * 2 ** 20;

/**
 * Reads label and metadata of a physical volume (LVM2, lib/format_text/layout.h).
 *
 * @param at where it begins in the file, and how long it is, in bytes
 * @throws Failure where they are damaged, or where this is no physical volume of LVM2
 */
export async function readPhysicalVolume(
  file: FileHandle,
  { offset, size }: { readonly offset: number; readonly size: number },
  name: string,
): Promise<PhysicalVolume> {
  const damaged = (what: string) =>
    new Failure(`the physical volume of LVM on ${name} is damaged: ${what}`, {
      hint: 'The installation left a damaged disk: build the image again, and check the console log if the error persists.',
    });
  const read = async (start: number, length: number): Promise<Buffer> => {
    if (!(start >= 0 && length >= 0 && start + length <= size)) throw damaged('a header points behind its end');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset + start);
    if (bytesRead < length) throw damaged('it reaches behind the end of the disk');
    return buffer;
  };

  const beginning = await read(0, Math.min(labelSectors * sectorSize, size));
  const labels = Array.from({ length: labelSectors }, (_, sector) => ({
    start: sector * sectorSize,
    bytes: beginning.subarray(sector * sectorSize, (sector + 1) * sectorSize),
  }));
  const label = labels.find(({ bytes }) => bytes.toString('latin1', 0, 8) === 'LABELONE');
  if (label?.bytes.toString('latin1', 24, 32) !== 'LVM2 001') throw damaged('it has no label of LVM2');
  if (lvmChecksum(label.bytes.subarray(20)) !== label.bytes.readUInt32LE(16))
    throw damaged('the sum of its label is wrong');

  const lists = new Lists(label.bytes, label.bytes.readUInt32LE(20));
  const uuid = lists.text(32);
  lists.skip(8);
  lists.extents();
  const areas = lists.extents();
  const bootLoader = lists.left() >= 8 && lists.number() > 0 ? (lists.skip(4), lists.extents()) : [];

  const metadata: string[] = [];
  const headers: Extent[] = [{ start: label.start, end: label.start + sectorSize }];
  for (const { start, end } of areas) {
    if (end - start > largestArea) throw damaged('a metadata area is larger than LVM takes');
    const header = await read(start, headerSize);
    if (
      header.toString('latin1', 4, 20) !== headerMagic ||
      lvmChecksum(header.subarray(4)) !== header.readUInt32LE(0)
    ) {
      throw damaged('the header of a metadata area is no such header');
    }
    headers.push({ start, end: start + headerSize });
    for (const { from, length, checksum, ignored } of copiesIn(header)) {
      if (from < headerSize || from >= end - start || length > end - start - headerSize) {
        throw damaged('its metadata lies behind the end of the area');
      }
      // The area is a ring, without its header.
      const straight = Math.min(length, end - start - from);
      const pieces = [
        { start: start + from, end: start + from + straight },
        { start: start + headerSize, end: start + headerSize + length - straight },
      ].filter((piece) => piece.start < piece.end);
      const text = Buffer.concat(await Promise.all(pieces.map((piece) => read(piece.start, piece.end - piece.start))));
      headers.push(...pieces);
      if (ignored) continue;
      if (lvmChecksum(text) !== checksum) throw damaged('the sum of its metadata is wrong');
      metadata.push(text.toString('utf8').replace(/\0+$/, ''));
    }
  }
  return { uuid, metadata, headers, bootLoader };
}

interface Copy {
  /** Bytes from the beginning of the area. */
  readonly from: number;
  readonly length: number;
  readonly checksum: number;
  readonly ignored: boolean;
}

/** What the header of a metadata area names: the copy in use, and one that is about to be taken into use. */
function copiesIn(header: Buffer): Copy[] {
  const copies: Copy[] = [];
  for (let at = 40; at + 24 <= headerSize; at += 24) {
    const [from, length] = [number(header, at), number(header, at + 8)];
    if (from === 0) break;
    const ignored = (header.readUInt32LE(at + 20) & 1) !== 0;
    if (length > 0) copies.push({ from, length, checksum: header.readUInt32LE(at + 16), ignored });
  }
  return copies;
}

/** The header of a physical volume, read from one end to the other. */
class Lists {
  constructor(
    readonly bytes: Buffer,
    private at: number,
  ) {}

  left(): number {
    return this.bytes.length - this.at;
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  text(length: number): string {
    this.at += length;
    return this.bytes.toString('latin1', this.at - length, this.at);
  }

  /** A number of 32 bits. */
  number(): number {
    this.at += 4;
    return this.left() >= 0 ? this.bytes.readUInt32LE(this.at - 4) : 0;
  }

  /** Places and sizes, up to a zero. */
  extents(): Extent[] {
    const found: Extent[] = [];
    while (this.left() >= 16) {
      const [start, size] = [number(this.bytes, this.at), number(this.bytes, this.at + 8)];
      this.at += 16;
      if (start === 0) break;
      found.push({ start, end: start + size });
    }
    return found;
  }
}

/** Bytes of a disk, which no disk has more of than this takes exactly. */
const number = (bytes: Buffer, at: number) => Number(bytes.readBigUInt64LE(at));
