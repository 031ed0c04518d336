import type { ImageSpec } from '../config/image-spec.js';
import { command, type Command } from '../host/host.js';

/** How the raw disk becomes a file that a platform takes. */
interface DiskFormat {
  /** What the file's name ends with, without the dot. */
  readonly extension: string;
  /** What qemu-img calls the format (qemu-img(1), "Supported image file formats"). */
  readonly driver: string;
  /** Options of `qemu-img convert`; undefined where the raw disk is the image already. */
  readonly convert: ((compression: ImageSpec['compression']) => readonly string[]) | undefined;
}

/** Every format of a disk that a build can leave. */
export const diskFormats = {
  raw: { extension: 'raw', driver: 'raw', convert: undefined },
  qcow2: {
    extension: 'qcow2',
    driver: 'qcow2',
    convert: (compression) => (compression === 'none' ? [] : ['-c', '-o', `compression_type=${compression}`]),
  },
} as const satisfies Record<ImageSpec['format'], DiskFormat>;

export type DiskFormatName = keyof typeof diskFormats;

/** Coroutines with which qemu-img reads, compresses and writes: the most that it takes. */
const coroutines = '16';

/** How the file is written: as clusters get ready (-W), or always in the same order, one after another, so that the same disk gives the same bytes. */
const writing = { any: ['-W', '-m', coroutines], same: ['-m', '1'] } as const;

export type WriteOrder = keyof typeof writing;

/**
 * Converts a raw disk to another format; undefined where the raw disk is the image already. Written in
 * any order, the guest sees no difference, and every processor compresses.
 */
export function convertCommand(
  raw: string,
  image: string,
  format: DiskFormatName,
  compression: ImageSpec['compression'],
  order: WriteOrder = 'any',
): Command | undefined {
  const { driver, convert }: DiskFormat = diskFormats[format];
  if (convert === undefined) return undefined;
  const options = convert(compression);
  return command('qemu-img', ['convert', '-f', 'raw', '-O', driver, ...writing[order], ...options, raw, image]);
}
