import type { DocumentPartition, PartitionTable } from './document.js';
import type { Findings } from './finding.js';
import type { Partition } from './layout.js';
import { shownSize, type Share } from './size.js';

const sector = 512;

/** LBA, which does not end at the limits of cylinders. */
const extendedType = '0x0f';

/** Entries of an MBR count sectors in 32 bits. */
const mostSectors = 2 ** 32;

/**
 * The partitions of an MBR, at the sectors where diskimage-builder puts them: each start aligned, each logical one an
 * alignment after the sector that describes it, and an extended one from there to the end of the disk.
 */
export function planMbr(table: PartitionTable, diskSize: number, findings: Findings): Partition[] {
  const alignment = table.align / sector;
  const aligned = (at: number) => Math.ceil(at / alignment) * alignment;
  const end = Math.floor(diskSize / sector);
  const planned: Partition[] = [];
  let free = aligned(1);
  let extended: Partition | undefined;
  rejectCrowding(table.partitions, findings);
  for (const partition of table.partitions) {
    const isLogical = !partition.isPrimary;
    if (isLogical && extended === undefined) {
      extended = extendedFrom(free, end, planned.length + 1, table.partitions);
      planned.push(extended);
    }
    const start = aligned(isLogical ? free + 1 : free);
    const left = Math.max(diskSize - (free + alignment) * sector, 0);
    const size = Math.floor(bytesOf(partition.size, left) / sector);
    rejectMisfit(partition, { start, size, end, left, diskSize }, findings);
    const { name, type, flags } = partition;
    const logicals = planned.filter(({ kind }) => kind === 'logical').length;
    planned.push({
      name,
      number: isLogical ? 5 + logicals : planned.length + 1,
      kind: isLogical ? 'logical' : 'primary',
      start,
      size,
      type,
      flags,
      takesRest: takesRest(partition, table),
    });
    free = aligned(start + size);
  }
  return planned;
}

/** Whether it takes all that is left, and is the last. */
export function takesRest(partition: DocumentPartition, { partitions }: PartitionTable): boolean {
  return 'percent' in partition.size && partition.size.percent === 100 && partitions.at(-1) === partition;
}

export function bytesOf(share: Share, left: number): number {
  return 'bytes' in share ? share.bytes : Math.trunc((left * share.percent) / 100);
}

function extendedFrom(start: number, end: number, number: number, partitions: readonly DocumentPartition[]): Partition {
  const names = new Set(partitions.map(({ name }) => name));
  let name = 'extended';
  while (names.has(name)) name += '-';
  const size = Math.max(Math.min(end, mostSectors) - start, 0);
  return { name, number, kind: 'extended', start, size, type: extendedType, flags: [], takesRest: true };
}

function rejectCrowding(partitions: readonly DocumentPartition[], findings: Findings): void {
  const firstLogical = partitions.findIndex(({ isPrimary }) => !isPrimary);
  const room = firstLogical === -1 ? 4 : 3;
  partitions
    .filter(({ isPrimary }) => isPrimary)
    .forEach(({ name, line }, at) => {
      if (at < room) return;
      const limit =
        room === 4 ? 'four primary partitions' : 'three primary partitions beside the one with the logical ones';
      findings.error(
        line,
        `partition '${name}': an MBR has room for ${limit}; leave out 'primary' for a logical one after them, or use 'label: gpt'`,
      );
    });
  for (const { name, line, isPrimary } of firstLogical === -1 ? [] : partitions.slice(firstLogical)) {
    if (!isPrimary) continue;
    const logical = partitions[firstLogical]?.name;
    findings.error(
      line,
      `partition '${name}': a primary partition after the logical one '${logical}'; write primary ones first (one without the flag 'primary' is logical)`,
    );
  }
  const [first] = partitions.filter(({ flags }) => flags.includes('boot'));
  for (const { name, line } of partitions.filter(({ flags }) => flags.includes('boot')).slice(1)) {
    findings.warn(line, `partition '${name}': '${first?.name}' has the flag 'boot' as well; a BIOS expects one`);
  }
}

interface Fit {
  readonly start: number;
  readonly size: number;
  readonly end: number;
  readonly left: number;
  readonly diskSize: number;
}

function rejectMisfit({ name, sizeLine: line, size: share }: DocumentPartition, fit: Fit, findings: Findings): void {
  const { start, size, end, left, diskSize } = fit;
  const where = `partition '${name}'`;
  if ('percent' in share && left <= 0) {
    findings.error(line, `${where}: size ${share.percent}%: nothing is left of the disk of ${shownSize(diskSize)}`);
  } else if (size < 1) {
    findings.error(line, `${where}: size: expected at least a sector of 512 bytes`);
  } else if (start + size > end) {
    findings.error(
      line,
      `${where}: size: ${shownSize(size * sector)} do not fit in what is left, ${shownSize(Math.max(end - start, 0) * sector)} of the disk of ${shownSize(diskSize)}`,
    );
  } else if (start + size > mostSectors) {
    findings.error(
      line,
      `${where}: it ends after 2 TiB, which an MBR can't describe; expected a smaller one, or 'label: gpt'`,
    );
  }
}
