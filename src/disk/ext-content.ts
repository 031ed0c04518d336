import { run, type Caller } from '../host/host.js';
import { debugfsCommand, type ExtDevice } from './ext-directory.js';
import type { Extent } from './extent.js';

/**
 * Where the content of a file lies, in bytes of the ext file system, from a byte of the file on.
 *
 * @param file.inode its number
 * @param file.blockSize of the file system, in bytes
 * @param file.from bytes: what is before, such as a header, is left out
 */
export async function readContentExtents(
  host: Caller,
  device: ExtDevice,
  { inode, blockSize, from }: { readonly inode: number; readonly blockSize: number; readonly from: number },
): Promise<Extent[]> {
  const { stdout } = await run(host, debugfsCommand(device, [`stat <${inode}>`], 'read'));
  // debugfs(8): "(FIRST-LAST):FIRST-LAST", of the file and of the file system, "[u]" where nothing was written yet; what
  // has a name instead, as (IND), is no content of the file.
  return [...stdout.matchAll(/\((\d+)(?:-\d+)?(?:\[u\])?\):(\d+)(?:-(\d+))?/g)]
    .map(([, inFile, first, last = first]) => ({
      start: Number(first) * blockSize + Math.max(from - Number(inFile) * blockSize, 0),
      end: (Number(last) + 1) * blockSize,
    }))
    .filter(({ start, end }) => start < end);
}
