/**
 * A disk as it is to be: its partitions, volumes, file systems and mount points, with every size known. Plain data; the
 * face of this room. Disks of our own are made from it, installers are told it in their own languages, and `layout show`
 * prints it.
 */
export interface Layout {
  readonly disks: readonly Disk[];
  readonly volumeGroups: readonly VolumeGroup[];
  /** In the order in which they are mounted; those without a mount point last. */
  readonly fileSystems: readonly FileSystem[];
  /** The lines of fstab(5), in the order in which they are mounted. */
  readonly fstab: readonly FstabLine[];
}

export interface Disk {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly sectorSize: 512 | 4096;
  /** Null where the disk is not partitioned: a file system or physical volume is on the disk itself. */
  readonly label: 'mbr' | 'gpt' | null;
  /** In their written order; an extended one before the logical ones in it. */
  readonly partitions: readonly Partition[];
}

export interface Partition {
  /** What a file system or physical volume that is on it calls it. Also its name in a GPT. */
  readonly name: string;
  readonly number: number;
  readonly kind: 'primary' | 'extended' | 'logical';
  /** Sectors. */
  readonly start: number;
  /** Sectors. */
  readonly size: number;
  /** `0x83` in an MBR; a GUID in capital letters in a GPT. */
  readonly type: string;
  readonly flags: readonly PartitionFlag[];
  /** Whether it takes what is left of the disk, so that it may be larger on a larger disk. */
  readonly takesRest: boolean;
}

export type PartitionFlag = 'boot';

export interface VolumeGroup {
  readonly name: string;
  /** Names of partitions, or of disks that are not partitioned. */
  readonly physicalVolumes: readonly string[];
  readonly volumes: readonly LogicalVolume[];
  /** Bytes. */
  readonly extentSize: number;
}

export interface LogicalVolume {
  readonly name: string;
  /** Bytes, whole extents; for a thin volume what it seems to have. */
  readonly size: number;
  readonly type: 'linear' | 'thin-pool' | 'thin';
  /** The pool of a thin volume. */
  readonly thinPool?: string;
}

export interface FileSystem {
  readonly name: string;
  /** The name of the disk, partition or logical volume that it fills. */
  readonly on: string;
  /** As mkfs(8) takes it after `-t`; `swap` for swap space. */
  readonly type: string;
  readonly label: string;
  /** Where the layout names one. */
  readonly uuid?: string;
  /** Arguments for mkfs. */
  readonly options: readonly string[];
  /** Undefined for swap, and for what the system does not mount. */
  readonly mount?: string;
  /** Whether the installed system is to make it as large as its disk at the first boot. */
  readonly grow: boolean;
  /** Subvolumes of btrfs, without `/` at the beginning, and where they are mounted. */
  readonly subvolumes: readonly { readonly name: string; readonly mount?: string }[];
}

export interface FstabLine {
  /** `LABEL=…`, or `UUID=…`. */
  readonly device: string;
  /** The name of the file system. */
  readonly fileSystem: string;
  /** `none` for swap. */
  readonly mount: string;
  readonly type: string;
  readonly options: readonly string[];
  readonly dump: number;
  readonly pass: number;
}
