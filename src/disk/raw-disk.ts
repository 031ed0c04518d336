import { command, type Command } from '../host/host.js';

/** Bytes in a sector, the unit of every size that qemu-img makes and sfdisk tells. */
export const sectorSize = 512;

/** Creates an empty (sparse) disk. A size that is no whole number of sectors is rounded up. */
export function createRawDiskCommand(file: string, size: number): Command {
  return command('qemu-img', ['create', '-q', '-f', 'raw', file, String(Math.ceil(size / sectorSize) * sectorSize)]);
}
