import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createHash } from 'node:crypto';
import type { BundleTarget } from '../config/bundle-target.js';
import { fileSink } from '../host/file-sink.js';
import type { Host } from '../host/host.js';
import type { SystemFacts } from './facts.js';

/** SOURCE_DATE_EPOCH: seconds since 1970, or undefined where it is not set. */
export type Epoch = number | undefined;

/** One bundle as it is made. */
export interface Making {
  readonly host: Host;
  readonly target: BundleTarget;
  /** The image's name, for machines and references: `debian-13`. */
  readonly image: string;
  /** `IMAGE-DATE`, with which the names of all files begin. */
  readonly base: string;
  /** Where the files are written, under their names. Nothing else is there. */
  readonly directory: string;
  readonly epoch: Epoch;
  /** The time of everything in a bundle that has no time of its own; seconds since 1970. */
  readonly time: number;
  facts(): Promise<SystemFacts>;
}

/** What a writer has made. */
export interface Made {
  /** Names in the directory, the bundle itself first. */
  readonly files: readonly string[];
  /** The disk in the bundle, as QEMU reads it; absent where it reads none. */
  readonly disk?: {
    /** As qemu-img calls it. */
    readonly format: string;
    /** The name of the file that holds it; of an archive, the name in it. */
    readonly file: string;
    readonly member?: string;
    /** Whether the archive is compressed by gzip. */
    readonly compressed?: boolean;
  };
  /** Paths that a bundle of files leaves out. */
  readonly omitted?: readonly string[];
}

/** The name of a bundle's first file. */
export async function fileNameOf({ target, base, facts }: Pick<Making, 'target' | 'base' | 'facts'>): Promise<string> {
  const { fileName, extension } = target;
  if (fileName === undefined) return `${base}.${extension}`;
  const { distribution, architecture } = await facts();
  const values: Readonly<Record<string, string>> = {
    id: distribution.id,
    version: distribution.version ?? 'rolling',
    arch: architecture ?? 'unknown',
    image: base,
  };
  return fileName.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '').replaceAll(/[^\w.+-]/g, '-');
}

/** Writes a stream to a file of the bundle. @throws Interrupted if the host's signal ends it */
export async function writeStream(
  { host, directory }: Pick<Making, 'host' | 'directory'>,
  name: string,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    await pipeline(source, fileSink(join(directory, name)), { signal: host.signal });
  } catch (error) {
    // A pipeline that is aborted does not say why.
    host.signal.throwIfAborted();
    throw error;
  }
}

/** Writes a JSON document as a file of the bundle. */
export async function writeJson({ directory }: Pick<Making, 'directory'>, name: string, value: unknown): Promise<void> {
  await writeFile(join(directory, name), `${JSON.stringify(value, undefined, 2)}\n`);
}

/** An option of the target as a whole number. */
export function numberOption({ options }: BundleTarget, name: string, usual: number): number {
  const number = Number(options[name] ?? usual);
  return Number.isInteger(number) && number > 0 ? number : usual;
}

/** Bytes that identify a bundle: always the same for the same names and the same time. */
export function identity({ target, base, time }: Pick<Making, 'target' | 'base' | 'time'>, purpose: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([purpose, target, base, time]))
    .digest();
}

/** A random UUID's form (RFC 9562, section 5.8) with bytes of one's own. */
export function uuidOf(bytes: Buffer): string {
  const own = Buffer.from(bytes.subarray(0, 16));
  own[6] = (own[6]! & 0x0f) | 0x80;
  own[8] = (own[8]! & 0x3f) | 0x80;
  return own.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
