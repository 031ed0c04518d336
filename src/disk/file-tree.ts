import type { PathPattern } from './path-patterns.js';
import type { Place } from './place.js';

/** What is in a directory of an installed system. */
export interface FileEntry {
  /** As the system has it; bytes that are no UTF-8 stand as `\xHH`. */
  readonly path: string;
  readonly kind: 'directory' | 'file' | 'link' | 'other';
  /** Bytes; 0 for directories. */
  readonly size: number;
  /** Permissions, with the bits for set-uid, set-gid and sticky (inode(7)). */
  readonly mode: number;
}

/** A change of the files of an installed system, on its disk. Paths are absolute, and those of the system. */
export type Change =
  /** With everything below it. */
  | { readonly kind: 'remove'; readonly path: string }
  /** A file of no bytes, whose owner, permissions and labels stay. */
  | { readonly kind: 'empty'; readonly path: string }
  /** Owner, permissions and labels stay if there is such a file; else it is root's, 0644, in a directory that is made. */
  | { readonly kind: 'write'; readonly path: string; readonly content: string }
  /** A symbolic link, in a directory that is made. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'mode'; readonly path: string; readonly mode: number };

/** The files of a volume, for whoever looks for many of them at once. A symbolic link is never followed. */
export interface FileTree {
  /** Every file, directory and link that a pattern names, as they are where the volume is mounted. */
  look(place: Place, patterns: readonly PathPattern[]): Promise<readonly FileEntry[]>;
  /** Copies files that were looked at to this machine. */
  copy(place: Place, files: readonly { readonly path: string; readonly to: string }[]): Promise<void>;
  /** Whether all of these changes can be made on this kind of file system. */
  canChange(place: Place, changes: readonly Change[]): boolean;
  /** Makes changes to what was looked at, in this order. */
  change(place: Place, changes: readonly Change[]): Promise<void>;
}
