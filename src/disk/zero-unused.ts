import type { Caller } from '../host/host.js';
import { gaps } from './gaps.js';
import { zeroExtents } from './raw-disk.js';
import { swappedOut } from './swap.js';
import type { System } from './system.js';
import { SystemFiles } from './system-files.js';
import { called } from './volume.js';
import { holdsFiles } from './volume-kinds.js';
import { Volumes } from './volumes.js';
import { emptyXfsLog } from './xfs-log.js';

/**
 * Makes all of a disk read as zeros that no file uses: free blocks of every volume, swap space, what LVM does not use of
 * its physical volumes, and what is in no partition.
 */
export async function zeroUnused(host: Caller, disk: string, system: System): Promise<void> {
  await Volumes.use(host, disk, async (volumes) => {
    // First: btrfs may write the zeros to other blocks, and then the old ones are free.
    await new SystemFiles(system, volumes).zeroSwapFiles();
    for (const volume of system.volumes) {
      if (holdsFiles(volume)) await (await volumes.fileSystem(volume)).zeroFreeBlocks();
      if (volume.fileSystem !== 'swap') continue;
      const stretch = await volumes.stretch(volume);
      await zeroExtents(host, stretch.file, [await swappedOut(stretch, called(volume))]);
    }
    // Last: the kernel writes to the log whenever it mounts the file system.
    for (const volume of system.volumes.filter(({ fileSystem }) => fileSystem === 'xfs')) {
      const emptied = await emptyXfsLog(await volumes.stretch(volume));
      if (!emptied)
        host.log.warn(`The log of the xfs on ${called(volume)} stays as it is: it does not end with an unmount`);
    }
  });
  const { table, lvm } = system;
  await zeroExtents(host, disk, [...lvm.unused, ...(await gaps(disk, table))]);
}
