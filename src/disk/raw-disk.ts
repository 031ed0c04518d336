import { command, run, type Command, type Caller } from '../host/host.js';
import type { Extent } from './extent.js';

/** Bytes in a sector, the unit of every size that qemu-img makes and sfdisk tells. */
export const sectorSize = 512;

/** Creates an empty (sparse) disk. A size that is no whole number of sectors is rounded up. */
export function createRawDiskCommand(file: string, size: number): Command {
  return command('qemu-img', ['create', '-q', '-f', 'raw', file, String(Math.ceil(size / sectorSize) * sectorSize)]);
}

export function mapCommand(disk: string): Command {
  return command('qemu-img', ['map', '--output=json', '-f', 'raw', disk]);
}

/** The holes of a raw disk, in order: what reads as zeros and takes no space. */
export async function readHoles(host: Caller, disk: string): Promise<Extent[]> {
  const { stdout } = await run(host, mapCommand(disk));
  const map = JSON.parse(stdout) as readonly { start: number; length: number; data: boolean; zero: boolean }[];
  return map.filter(({ data, zero }) => zero && !data).map(({ start, length }) => ({ start, end: start + length }));
}

/** Bytes that qemu-io takes in one request: less than 2 GiB. */
const longestRequest = 2 ** 30;

/** Makes bytes of a raw disk zero (qemu-io, "help write"): as holes where the disk can have any, or by writing them. */
export function zeroCommand(disk: string, extents: readonly Extent[]): Command {
  const requests = extents
    .flatMap(pieces)
    .flatMap(({ start, end }) => ['-c', `write -q -z -u ${start} ${end - start}`]);
  return command('qemu-io', ['-f', 'raw', '-t', 'unsafe', ...requests, disk]);
}

/** Makes any number of extents zero. */
export async function zeroExtents(host: Caller, disk: string, extents: readonly Extent[]): Promise<void> {
  for (let from = 0; from < extents.length; from += mostExtents) {
    await run(host, zeroCommand(disk, extents.slice(from, from + mostExtents)));
  }
}

/** What one command line can name. */
const mostExtents = 1000;

/** An extent in pieces that one request takes, cut where blocks begin. */
function pieces({ start, end }: Extent): Extent[] {
  const found: Extent[] = [];
  for (let from = start; from < end;) {
    const to = Math.min((Math.floor(from / longestRequest) + 1) * longestRequest, end);
    found.push({ start: from, end: to });
    from = to;
  }
  return found;
}
