import type { Caller } from '../host/host.js';
import { ExtFileSystem } from './ext-file-system.js';
import type { Extent } from './extent.js';
import { freeClusters } from './fat.js';
import { gaps } from './gaps.js';
import { readPartitionTable } from './partition-table.js';
import { zeroExtents } from './raw-disk.js';
import { swappedOut } from './swap.js';
import type { System } from './system.js';
import { holdsLinux } from './volume-kinds.js';
import { Volumes } from './volumes.js';

/** Makes all of a disk read as zeros that no file uses: free blocks of every volume, swap space, and what is in no partition. */
export async function zeroUnused(host: Caller, disk: string, system: System): Promise<void> {
  const volumes = await Volumes.of(host, disk);
  const unused: Extent[] = [];
  for (const volume of system.volumes) {
    if (volume.fileSystem === 'swap') unused.push(await swappedOut(disk, volume));
    else if (volume.fileSystem === 'vfat') unused.push(...(await freeClusters(disk, volume)));
    else if (holdsLinux(volume)) await volumes.fileSystem(volume).zeroFreeBlocks();
  }
  unused.push(...(await gaps(disk, await readPartitionTable(host, disk))));
  await zeroExtents(host, disk, unused);
  await zeroSwapFiles(host, volumes, system);
}

async function zeroSwapFiles(
  host: Caller,
  volumes: Volumes,
  { volumes: all, mounts, swapFiles }: System,
): Promise<void> {
  const root = all.find(({ number }) => number === mounts[0]?.volume);
  for (const path of swapFiles) {
    const fileSystem = root && volumes.fileSystem(root);
    if (fileSystem instanceof ExtFileSystem) await fileSystem.zeroSwapFile(path);
    else host.log.warn(`The system swaps to ${path} on ${root?.fileSystem}: what that file holds stays in the image`);
  }
}
