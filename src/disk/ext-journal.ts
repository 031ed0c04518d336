import { command, run, type Command, type Host } from '../host/host.js';
import { debugfsCommand } from './ext-directory.js';
import type { Extent } from './extent.js';

/**
 * Where an ext file system's journal lies, in bytes of the file system, without its first block, its superblock. Once
 * the journal is empty, what stands there are copies of what was written last, such as directories with the names of
 * files that are gone.
 *
 * @param inode where the file system says that its journal is
 * @param blockSize bytes
 */
export async function readJournalExtents(
  host: Host,
  device: string,
  { inode, blockSize }: { readonly inode: number; readonly blockSize: number },
): Promise<Extent[]> {
  const { stdout } = await run(host, debugfsCommand(device, [`stat <${inode}>`], 'read'));
  // debugfs(8): "(FIRST-LAST):FIRST-LAST", of the file and of the file system; what has a name instead, as (IND), is no
  // content of the file.
  return [...stdout.matchAll(/\((\d+)(?:-\d+)?\):(\d+)(?:-(\d+))?/g)]
    .map(([, inFile, first, last = first]) => ({
      start: (Number(first) + (inFile === '0' ? 1 : 0)) * blockSize,
      end: (Number(last) + 1) * blockSize,
    }))
    .filter(({ start, end }) => start < end);
}

/** Makes bytes of a raw disk zero (qemu-io, "help write"): as holes where the disk can have any, or by writing them. */
export function zeroCommand(disk: string, extents: readonly Extent[]): Command {
  const requests = extents.flatMap(({ start, end }) => ['-c', `write -q -z -u ${start} ${end - start}`]);
  return command('qemu-io', ['-f', 'raw', '-t', 'unsafe', ...requests, disk]);
}
