import { realpath } from 'node:fs/promises';
import type { CleanableFileSystem } from '../disk/cleanable.js';
import { ExtFileSystem } from '../disk/ext-file-system.js';
import type { ReadableFileSystem } from '../disk/readable.js';
import { HelperFileSystem } from '../disk/helper-file-system.js';
import { findRootFileSystem } from '../disk/root-file-system.js';
import type { Build } from './build.js';

/** The installed system's root file system: handled in the raw disk where that is possible, else by the sudo helper. */
export async function rootFileSystem(build: Build): Promise<CleanableFileSystem & ReadableFileSystem> {
  const { rawDisk } = build.paths;
  const volume = (build.state.rootFileSystem ??= await findRootFileSystem(build, rawDisk));
  return ExtFileSystem.handles(volume)
    ? new ExtFileSystem(build, rawDisk, volume)
    : // The helper takes no symbolic links, wherever in the path.
      new HelperFileSystem(build, await realpath(rawDisk), volume);
}
