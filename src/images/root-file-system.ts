import { realpath } from 'node:fs/promises';
import type { CleanableFileSystem } from '../disk/cleanable.js';
import { ExtFileSystem } from '../disk/ext-file-system.js';
import type { ReadableFileSystem } from '../disk/readable.js';
import { HelperFileSystem } from '../disk/helper-file-system.js';
import type { FileSystemVolume } from '../disk/root-file-system.js';
import type { Host } from '../host/host.js';

/** The installed system's root file system: handled in the raw disk where that is possible, else by the sudo helper. */
export async function rootFileSystem(
  host: Host,
  disk: string,
  volume: FileSystemVolume,
): Promise<CleanableFileSystem & ReadableFileSystem> {
  return ExtFileSystem.handles(volume)
    ? new ExtFileSystem(host, disk, volume)
    : // The helper takes no symbolic links, wherever in the path.
      new HelperFileSystem(host, await realpath(disk), volume);
}
