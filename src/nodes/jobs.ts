import type { TreeChanges } from '../config/image-spec.js';
import type { ExportCompression } from '../layers/export/formats.js';
import type { GuestMachine } from '../guest/emulator.js';
import type { Layout } from '../layout/layout.js';
import type { Bootstrap } from '../packages/bootstrap.js';
import type { ForeignArchitecture } from '../sandbox/program-emulation.js';
import type { NodeInputs } from './record.js';

/** What the process that works in trees is asked to do. Plain data. */
export type NodeJob = DeriveJob | CaptureJob | ImportJob | BootstrapJob | UnpackJob | DiskJob | KernelJob | ArchiveJob;

interface OfStore {
  /** The directory of the store. */
  readonly store: string;
}

/** Makes the tree of a derived image: a layer over its parent's. Its result is the node's record. */
export interface DeriveJob extends OfStore {
  readonly kind: 'derive';
  readonly image: string;
  readonly inputs: NodeInputs;
  /** The parent's layer. */
  readonly parent: string;
  /** The node whose frame it has. */
  readonly frame: string | undefined;
  readonly changes: TreeChanges;
  /** The architecture of the tree, where it is not this machine's. */
  readonly foreign: ForeignArchitecture | undefined;
  /** The virtual machine in which the changes are made; undefined: in namespaces of this machine. */
  readonly guest: GuestMachine | undefined;
  /** The rules of golden images that are not repaired; undefined: none are. */
  readonly goldenExcept: readonly string[] | undefined;
  /** What scripts see of the image. */
  readonly environment: Readonly<Record<string, string>>;
  /** A directory for downloaded packages. */
  readonly cache: string;
}

/** Makes a layer of an installed disk, and keeps its frame. Its result is the node's record. */
export interface CaptureJob extends OfStore {
  readonly kind: 'capture';
  readonly image: string;
  readonly inputs: NodeInputs;
  readonly file: string;
  /** The sum that the file had when it was made; undefined: not known. */
  readonly sha256: string | undefined;
  readonly rootPartition: string | undefined;
}

/** Makes layers of a file that is no installed disk. Its result is the node's record. */
export interface ImportJob extends OfStore {
  readonly kind: 'import';
  readonly name: string;
  readonly inputs: NodeInputs;
  readonly file: string;
}

/** Makes a cleaned layer of packages. Its result is the node's record. */
export interface BootstrapJob extends OfStore {
  readonly kind: 'bootstrap';
  readonly image: string;
  readonly inputs: NodeInputs;
  readonly packages: Pick<Bootstrap, 'lock' | 'repository' | 'scripts'>;
  /** As of {@link DeriveJob}. */
  readonly foreign: ForeignArchitecture | undefined;
  /** As of {@link DeriveJob}. */
  readonly goldenExcept: readonly string[] | undefined;
}

/** Makes a cleaned layer of the archive of a whole system. Its result is the node's record. */
export interface UnpackJob extends OfStore {
  readonly kind: 'unpack';
  readonly image: string;
  readonly inputs: NodeInputs;
  /** In tar, not compressed. */
  readonly archive: string;
  /** No time in the tree becomes later: seconds since 1970. */
  readonly latest: number;
  /** As of {@link DeriveJob}. */
  readonly goldenExcept: readonly string[] | undefined;
}

/** Writes an archive of a node's tree. */
export interface ArchiveJob extends OfStore {
  readonly kind: 'archive';
  readonly layer: string;
  readonly output: string;
  readonly compression: ExportCompression;
  readonly epoch: number | undefined;
}

/** Makes a raw disk of a node. */
export interface DiskJob extends OfStore {
  readonly kind: 'disk';
  readonly layer: string;
  readonly by: DiskShape;
  readonly output: string;
  readonly epoch: number | undefined;
}

/** The disk of the installed ancestor, by the node that has its frame; or one of our own, with its boot loader. */
export type DiskShape =
  { readonly frame: string } | { readonly layout: Layout; readonly kernelWords: readonly string[] };

/** Looks for a kernel in the tree of a layer. Its result is a boolean. */
export interface KernelJob extends OfStore {
  readonly kind: 'kernel';
  readonly layer: string;
}
