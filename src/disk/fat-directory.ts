import type { Extent } from './extent.js';
import type { Fat } from './fat.js';

/** An entry of a directory on a FAT file system. */
export interface FatEntry {
  /** The long name, where it has one. */
  readonly name: string;
  readonly kind: 'directory' | 'file';
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Where its content lies, whole clusters. */
  readonly clusters: readonly Extent[];
}

export interface FatDirectory {
  readonly entries: readonly FatEntry[];
  /** Where entries were that are removed, or none ever was. */
  readonly unused: readonly Extent[];
}

/** Bytes of an entry. */
const entrySize = 32;

const longName = 0x0f;
const volumeLabel = 0x08;
const subdirectory = 0x10;
const removed = 0xe5;

/** @param extents the clusters of the directory */
export async function readFatDirectory(fat: Fat, extents: readonly Extent[]): Promise<FatDirectory> {
  const bytes = await fat.read(extents);
  const places = extents.flatMap(({ start, end }) =>
    Array.from({ length: Math.floor((end - start) / entrySize) }, (_, index) => start + index * entrySize),
  );
  const entries: FatEntry[] = [];
  const unused: Extent[] = [];
  let long = '';
  for (const [index, place] of places.entries()) {
    const entry = bytes.subarray(index * entrySize, (index + 1) * entrySize);
    if (entry[0] === 0) {
      unused.push(...places.slice(index).map((start) => ({ start, end: start + entrySize })));
      break;
    }
    const attributes = entry.readUInt8(11);
    if (entry[0] === removed) {
      unused.push({ start: place + 1, end: place + entrySize });
      long = '';
    } else if ((attributes & longName) === longName) {
      // The parts of a long name stand before its entry, the last one first.
      long = longPart(entry) + long;
    } else {
      const name = long.replace(/\0.*$/s, '') || shortName(entry);
      long = '';
      if ((attributes & volumeLabel) !== 0 || name === '.' || name === '..') continue;
      const kind = (attributes & subdirectory) === 0 ? 'file' : 'directory';
      const first = entry.readUInt16LE(20) * 2 ** 16 + entry.readUInt16LE(26);
      entries.push({ name, kind, size: entry.readUInt32LE(28), clusters: fat.chain(first) });
    }
  }
  return { entries, unused };
}

function longPart(entry: Buffer): string {
  return entry.toString('utf16le', 1, 11) + entry.toString('utf16le', 14, 26) + entry.toString('utf16le', 28, 32);
}

/** `GRUB    CFG` is `GRUB.CFG`; a byte says which of its halves Windows NT shows in small letters. */
function shortName(entry: Buffer): string {
  const flags = entry.readUInt8(12);
  const [base, extension] = [entry.toString('latin1', 0, 8).trimEnd(), entry.toString('latin1', 8, 11).trimEnd()];
  const shown = [flags & 0x08 ? base.toLowerCase() : base, flags & 0x10 ? extension.toLowerCase() : extension];
  return shown.filter((part) => part !== '').join('.');
}
