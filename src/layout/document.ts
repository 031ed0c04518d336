import type { LayoutFinding } from './finding.js';
import type { PartitionFlag } from './layout.js';
import type { Share } from './size.js';

/** A layout as a document has it: resolved, but for the sizes that depend on the disk. */
export interface LayoutDocument {
  /** For messages. */
  readonly file: string;
  readonly disks: readonly DocumentDisk[];
  readonly volumeGroups: readonly DocumentVolumeGroup[];
  /** In the order in which they are mounted; swap and what is not mounted last. */
  readonly fileSystems: readonly DocumentFileSystem[];
  /** What is wrong with the document. What a finding concerns may be left out above. */
  readonly findings: readonly LayoutFinding[];
}

export interface DocumentDisk {
  readonly name: string;
  readonly line: number;
  /** Bytes; undefined: the image's. */
  readonly size: number | undefined;
  readonly sectorSize: 512 | 4096;
  readonly table: PartitionTable | undefined;
}

export interface PartitionTable {
  readonly label: 'mbr' | 'gpt';
  readonly line: number;
  /** Bytes; of an MBR. */
  readonly align: number;
  readonly partitions: readonly DocumentPartition[];
}

export interface DocumentPartition {
  readonly name: string;
  readonly line: number;
  readonly size: Share;
  readonly sizeLine: number;
  /** `0x83` in an MBR; a GUID in capital letters in a GPT. */
  readonly type: string;
  readonly flags: readonly PartitionFlag[];
  /** Whether an entry of an MBR itself describes it. */
  readonly isPrimary: boolean;
}

export interface DocumentVolumeGroup {
  readonly name: string;
  readonly line: number;
  /** Names of partitions, or of disks that are not partitioned. */
  readonly physicalVolumes: readonly string[];
  readonly volumes: readonly DocumentVolume[];
}

/** Bytes, or extents, or a per cent of the whole group's extents (VG, PVS) or of those that are left (FREE). */
export type VolumeSize =
  { readonly bytes: number } | { readonly extents: number } | { readonly percent: number; readonly of: 'VG' | 'FREE' };

export interface DocumentVolume {
  readonly name: string;
  readonly line: number;
  readonly size: VolumeSize;
  readonly sizeLine: number;
  readonly type: 'linear' | 'thin-pool' | 'thin';
  readonly thinPool: string | undefined;
}

export interface DocumentFileSystem {
  readonly name: string;
  readonly line: number;
  /** The name of a disk, partition or logical volume. */
  readonly on: string;
  readonly type: string;
  readonly label: string;
  readonly uuid: string | undefined;
  readonly options: readonly string[];
  readonly grow: boolean;
  readonly mount: DocumentMount | undefined;
  readonly subvolumes: readonly { readonly name: string; readonly mount: DocumentMount | undefined }[];
}

export interface DocumentMount {
  /** Begins with `/` and does not end with it, but for the root directory itself; `none` for swap. */
  readonly point: string;
  /** Undefined: the system does not mount it. */
  readonly fstab: { readonly options: readonly string[]; readonly dump: number; readonly pass: number } | undefined;
}
