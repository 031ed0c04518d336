import { symlink, unlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { Failure } from '../host/failure.js';
import { command, run, type Command, type Host } from '../host/host.js';
import type { Extent } from './extent.js';

export function listFreeBlocksCommand(device: string): Command {
  return command('dumpe2fs', [device]);
}

/**
 * What an ext file system does not use, in bytes of the file system and in order, as its bitmaps say (dumpe2fs(8)).
 *
 * @throws Failure if dumpe2fs does not tell the size of a block
 */
export async function readFreeExtents(host: Host, device: string): Promise<Extent[]> {
  const stdout = await withName(device, async () => (await run(host, listFreeBlocksCommand(device))).stdout);
  const blockSize = Number(/^Block size: +(\d+)$/m.exec(stdout)?.[1]);
  if (!blockSize) throw new Failure(`dumpe2fs does not tell the block size of ${device}`);
  // The superblock's line of this name, a number, stands at the margin; those of the groups are indented.
  return [...stdout.matchAll(/^ +Free blocks: (.+)$/gm)]
    .flatMap(([, ranges = '']) => ranges.split(', '))
    .map((range) => {
      const [first = NaN, last = first] = range.split('-').map(Number);
      return { start: first * blockSize, end: (last + 1) * blockSize };
    });
}

/**
 * dumpe2fs of e2fsprogs 1.47.2 wants the device to exist before it takes the offset off its name. A link beside the disk
 * that is called so is enough; what is opened is the disk.
 */
async function withName<T>(device: string, action: () => Promise<T>): Promise<T> {
  await symlink(basename(device).replace(/\?offset=\d+$/, ''), device);
  try {
    return await action();
  } finally {
    await unlink(device);
  }
}
