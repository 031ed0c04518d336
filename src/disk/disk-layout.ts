import { command, run, type Caller, type Command } from '../host/host.js';
import { readVolumeGroups, type VolumeGroups } from './lvm/volume-group.js';
import { readPartitionTable, type Partition, type PartitionTable } from './partition-table.js';
import { isExtended } from './volume-kinds.js';
import type { Content, PartitionVolume, Volume } from './volume.js';

/** What is on a disk, as its partition table, the metadata of LVM and its file systems tell. */
export interface DiskLayout {
  readonly table: PartitionTable;
  /** Every partition, also one that only holds others. */
  readonly partitions: readonly PartitionVolume[];
  readonly lvm: VolumeGroups;
  /** What a file system can be on: partitions that hold no others, and logical volumes. */
  readonly volumes: readonly Volume[];
}

/**
 * @throws Failure if the disk has no partition table: nothing was installed on it; and where the metadata of LVM is
 * damaged, or speaks of other disks
 */
export async function readDiskLayout(host: Caller, disk: string): Promise<DiskLayout> {
  const table = await readPartitionTable(host, disk);
  const partitions: PartitionVolume[] = [];
  for (const partition of table.partitions) partitions.push(await partitionVolume(host, disk, partition));
  const physical = partitions.filter(isPhysicalVolume);
  const lvm = await readVolumeGroups(
    disk,
    physical.map(({ partition }) => partition),
  );
  const volumes: Volume[] = partitions.filter((volume) => !isExtended(volume.partition) && !isPhysicalVolume(volume));
  for (const volume of lvm.volumes) {
    // What tells a file system is at its beginning, and no extent is shorter than that.
    const [{ start, end }] = volume.extents;
    volumes.push({ ...volume, ...(await identify(host, disk, { offset: start, size: end - start })) });
  }
  return { table, partitions, lvm, volumes };
}

const isPhysicalVolume = ({ fileSystem }: Content) => fileSystem === 'LVM2_member';

async function partitionVolume(host: Caller, disk: string, partition: Partition): Promise<PartitionVolume> {
  const { number, offset, size } = partition;
  return {
    kind: 'partition',
    id: String(number),
    extents: [{ start: offset, end: offset + size }],
    size,
    partition,
    ...(await identify(host, disk, partition)),
  };
}

export function identifyCommand(
  disk: string,
  { offset, size }: { offset: number | string; size: number | string },
): Command {
  return command('blkid', ['--probe', '--offset', String(offset), '--size', String(size), '--output', 'export', disk]);
}

/** Exit code of blkid where nothing, or nothing unambiguous, is recognised (blkid(8)). */
const nothingRecognised = [2, 8];

/** What blkid recognises in some bytes of a disk. */
export async function identify(
  host: Caller,
  disk: string,
  where: { readonly offset: number; readonly size: number },
): Promise<Content> {
  const { stdout } = await run(host, identifyCommand(disk, where), { accept: nothingRecognised });
  const tag = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1]?.replace(/\\(.)/g, '$1');
  return { fileSystem: tag('TYPE'), uuid: tag('UUID'), label: tag('LABEL') };
}
