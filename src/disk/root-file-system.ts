import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { readDiskLayout, type Volume } from './partition-table.js';
import { ExtFileSystem } from './ext-file-system.js';

/** A volume that certainly holds a file system. */
export interface FileSystemVolume extends Volume {
  readonly fileSystem: string;
}

/** GPT types that say "this is the root file system" (Discoverable Partitions Specification). */
const rootTypes = new Set([
  '4f68bce3-e8cd-4db1-96e7-fbcaf984b709', // x86-64
  'b921b045-1df0-41c3-af44-4c6f280d3fae', // arm64
]);

const linuxFileSystems = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs']);

/**
 * The root file system of an installed disk: the only Linux file system there is; else the one whose partition type
 * says so; else the only ext one with an /etc/fstab.
 *
 * @throws Failure naming the partitions, if there is none or it can't be told
 */
export async function findRootFileSystem(host: Host, disk: string): Promise<FileSystemVolume> {
  const { partitions: volumes } = await readDiskLayout(host, disk);
  const candidates = volumes.filter(holdsLinux);
  const [only, ...others] = candidates;
  if (only && others.length === 0) return only;
  const declared = candidates.filter(({ type }) => rootTypes.has(type));
  if (declared[0] && declared.length === 1) return declared[0];
  const roots: FileSystemVolume[] = [];
  for (const volume of candidates.filter(ExtFileSystem.handles)) {
    if (await new ExtFileSystem(host, disk, volume).has('/etc/fstab')) roots.push(volume);
  }
  if (roots[0] && roots.length === 1) return roots[0];
  throw new Failure(
    `${candidates.length === 0 ? 'no root file system' : 'no single root file system'} on the disk ${disk}; its partitions: ${volumes.map(describe).join(', ')}`,
    { hint: 'Root file systems on a partition of their own are handled: ext2, ext3, ext4, xfs and btrfs.' },
  );
}

function holdsLinux(volume: Volume): volume is FileSystemVolume {
  return volume.fileSystem !== undefined && linuxFileSystems.has(volume.fileSystem);
}

function describe({ number, size, type, fileSystem }: Volume): string {
  return `${number} (${fileSystem ?? `type ${type}`}, ${Math.round(size / 2 ** 20)} MiB)`;
}
