import type { Caller } from '../host/host.js';
import { readDiskLayout } from './disk-layout.js';
import { readBlockUse } from './ext-block-use.js';
import { ExtFileSystem } from './ext-file-system.js';
import type { Extent } from './extent.js';
import { gaps } from './gaps.js';

/**
 * What of a disk no file uses, as far as it is told without mounting: free blocks of ext2/3/4 in partitions, what LVM does not
 * use, and what is in no partition. In order; what is there need not be zeros.
 */
export async function spareSpace(host: Caller, disk: string): Promise<Extent[]> {
  const { table, lvm, volumes } = await readDiskLayout(host, disk);
  const spare = [...lvm.unused, ...(await gaps(disk, table))];
  for (const volume of volumes.filter((each) => ExtFileSystem.handles(each) && each.extents.length === 1)) {
    const offset = volume.extents[0].start;
    const { free } = await readBlockUse(host, { disk, offset });
    spare.push(...free.map(({ start, end }) => ({ start: start + offset, end: end + offset })));
  }
  return spare.sort((one, other) => one.start - other.start);
}
