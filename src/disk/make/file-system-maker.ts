import type { FileSystem } from '../../layout/layout.js';
import type { Caller } from '../../host/host.js';
import type { Content } from './content.js';

/** One file system to be made. */
export interface NewFileSystem {
  readonly fileSystem: FileSystem;
  /** In the form that its kind writes. */
  readonly uuid: string;
  /** A further identifier, for what must not be random. */
  readonly hashSeed: string;
  /** Where it is made: a file of that size or more, all of it a hole there, and bytes from its beginning. */
  readonly file: string;
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  readonly sectorSize: 512 | 4096;
  /** What it holds; undefined for an empty one. */
  readonly content: Content | undefined;
  /** Those of btrfs. */
  readonly subvolumes: readonly NewSubvolume[];
  /** The one that is mounted where none is named; undefined: the top. */
  readonly defaultSubvolume?: string | undefined;
  /** Seconds since 1970: no time in it is later. Undefined: now. */
  readonly epoch: number | undefined;
  /** A directory for what must lie in a file for a moment. */
  readonly scratch: string;
}

/** A subvolume to be made, and what it holds; undefined for an empty one. */
export interface NewSubvolume {
  readonly name: string;
  readonly content: Content | undefined;
}

/** How file systems of one kind are made. */
export interface FileSystemMaker {
  /** The identifier that blkid(8) calls UUID, from one in the form of RFC 9562. */
  uuid(derived: string): string;
  /** Whether it can be made at an offset of a file; otherwise it gets a file of its own, and is copied. */
  readonly atOffset: boolean;
  /** Bytes: the smallest one. */
  readonly smallest: number;
  make(caller: Caller, made: NewFileSystem): Promise<void>;
}

/** The variables by which mkfs programs take a time. */
export function timeVariables(epoch: number | undefined): Record<string, string> {
  if (epoch === undefined) return {};
  return { SOURCE_DATE_EPOCH: String(epoch), E2FSPROGS_FAKE_TIME: String(epoch), TZ: 'UTC' };
}

export const asDerived = (derived: string): string => derived;
