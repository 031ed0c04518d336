import { command, run, type Command, type Host } from '../host/host.js';
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
export async function readHoles(host: Host, disk: string): Promise<Extent[]> {
  const { stdout } = await run(host, mapCommand(disk));
  const map = JSON.parse(stdout) as readonly { start: number; length: number; data: boolean; zero: boolean }[];
  return map.filter(({ data, zero }) => zero && !data).map(({ start, length }) => ({ start, end: start + length }));
}
