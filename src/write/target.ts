import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { errnoOf, reasonOf } from '../host/errno.js';
import { Failure, UsageError } from '../host/failure.js';
import type { DeviceTree } from './device.js';

/** Where an image is written to. */
export interface Target {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** A file has a page cache and holes, a device sectors that are flushed and read past it. */
  readonly kind: 'device' | 'file';
  /** Tells whether it is the same one as in an earlier run. */
  readonly identity: string;
  /** Whether there may be something on it that is lost. */
  readonly hasContent: boolean;
}

export function deviceTarget(device: DeviceTree): Target {
  const { name, size, model, serial } = device;
  return { path: name, size, kind: 'device', identity: JSON.stringify([name, size, model, serial]), hasContent: true };
}

/**
 * A regular file, which is made with the size of the image if it is not there, or empty.
 *
 * @throws UsageError where it is there and no regular file, or can't be made
 */
export async function fileTarget(path: string, imageSize: number): Promise<Target> {
  try {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK, 0o666);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new UsageError([`--to-file: ${path} is no regular file`]);
      if (found.size === 0) await file.truncate(imageSize);
      return {
        path: await realpath(path),
        size: found.size || imageSize,
        kind: 'file',
        identity: JSON.stringify([found.dev, found.ino]),
        hasContent: found.size > 0,
      };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw new UsageError([`${path}: ${reasonOf(error)}`]);
  }
}

/**
 * Takes hold of a device, so that nobody mounts it or writes onto it at the same time: the kernel gives a block device to
 * one holder (open(2), O_EXCL).
 *
 * @throws Failure where somebody else has it
 */
export async function take({ path, kind }: Target): Promise<FileHandle> {
  if (kind === 'file') return open(path, 'r+');
  try {
    return await open(path, constants.O_RDWR | constants.O_EXCL);
  } catch (error) {
    const busy = errnoOf(error)?.code === 'EBUSY';
    throw new Failure(`${path} can't be written: ${reasonOf(error)}`, {
      hint: busy
        ? 'Something holds it that this program does not see: a mount in another namespace or container, or another program.'
        : undefined,
      cause: error,
    });
  }
}
