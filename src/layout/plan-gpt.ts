import type { PartitionTable } from './document.js';
import type { Findings } from './finding.js';
import type { Partition } from './layout.js';
import { bytesOf, takesRest } from './plan-mbr.js';
import { shownSize } from './size.js';

const mebibyte = 2 ** 20;

/** What sgdisk(8) makes; more would move where partitions may begin. */
const mostPartitions = 128;

/**
 * The partitions of a GPT, where sgdisk(8) puts those of diskimage-builder: whole MiB, one after another from the first
 * MiB on. A MiB at each end is left for the tables.
 */
export function planGpt(table: PartitionTable, diskSize: number, sectorSize: number, findings: Findings): Partition[] {
  let left = Math.max(diskSize - 2 * mebibyte, 0);
  let at = mebibyte;
  table.partitions.slice(mostPartitions).forEach(({ name, line }) => {
    findings.error(line, `partition '${name}': a GPT has room for ${mostPartitions} partitions`);
  });
  return table.partitions.map((partition, index): Partition => {
    const { name, sizeLine: line, type, flags, size: share } = partition;
    const wanted = bytesOf(share, left);
    const size = Math.floor(wanted / mebibyte) * mebibyte;
    const where = `partition '${name}': size`;
    if ('percent' in share && left < mebibyte) {
      findings.error(line, `${where} ${share.percent}%: nothing is left of the disk of ${shownSize(diskSize)}`);
    } else if (wanted > left) {
      findings.error(
        line,
        `${where}: ${shownSize(wanted)} do not fit in what is left, ${shownSize(left)} of the disk of ${shownSize(diskSize)}`,
      );
    } else if (size < mebibyte) {
      findings.error(
        line,
        `${where}: ${shownSize(wanted)} are less than 1 MiB; partitions of a GPT are made in whole MiB`,
      );
    }
    const start = at / sectorSize;
    at += size;
    left = Math.max(left - wanted, 0);
    return {
      name,
      number: index + 1,
      kind: 'primary',
      start,
      size: size / sectorSize,
      type,
      flags,
      takesRest: takesRest(partition, table),
    };
  });
}
