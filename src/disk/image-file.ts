import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { checkSpace } from '../host/disk-space.js';
import { Failure } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import { withScratchDirectory } from '../host/scratch-directory.js';
import { readDiskLayout } from './disk-layout.js';
import { ExtFileSystem } from './ext-file-system.js';
import { isReadable } from './system.js';
import { Volumes } from './volumes.js';

/** A disk in a file, as qemu-img knows it. */
export interface ImageFile {
  readonly path: string;
  /** `qcow2`, `raw`, `vmdk`, `vpc`, … */
  readonly format: string;
  /** Bytes of the disk. */
  readonly size: number;
  /** How the clusters of a qcow2 are compressed, if they are. */
  readonly compression: string | undefined;
}

interface Information {
  readonly format: string;
  readonly 'virtual-size': number;
  readonly 'backing-filename'?: string;
  readonly 'format-specific'?: {
    readonly data?: { readonly 'compression-type'?: string; readonly 'data-file'?: string };
  };
}

/**
 * @throws Failure for a file that is no disk, or only a part of one: what its other files are called is in it, and it may
 * name any file of this machine
 */
export async function inspectImage(host: Caller, path: string): Promise<ImageFile> {
  const called = command('qemu-img', ['info', '--output=json', '--force-share', resolve(path)]);
  const { stdout } = await run(host, called);
  const found = JSON.parse(stdout) as Information;
  const data = found['format-specific']?.data;
  const other = found['backing-filename'] ?? data?.['data-file'];
  if (other !== undefined) {
    throw new Failure(`${path} is only a part of a disk: the rest is in ${other}`, {
      hint: `Make one file of it: qemu-img convert -O qcow2 ${basename(path)} whole.qcow2`,
    });
  }
  return {
    path: resolve(path),
    format: found.format,
    size: found['virtual-size'],
    compression: data?.['compression-type'],
  };
}

/**
 * Hands the disk of an image to an action, as a raw disk to read. A raw disk is read where it is, and nothing is written to it;
 * others, and a raw disk that must be repaired before it can be read, are copied for it, without what is empty.
 *
 * @param directory where the copy is made, in a directory of its own
 */
export async function withReadableDisk<T>(
  host: Caller,
  image: ImageFile,
  directory: string,
  action: (disk: string) => Promise<T>,
): Promise<T> {
  if (image.format === 'raw' && (await canBeReadInPlace(host, image.path))) return action(image.path);
  return withRawCopy(host, image, directory, action);
}

/** Hands a raw copy of an image to an action, which may change it. */
export async function withRawCopy<T>(
  host: Caller,
  image: ImageFile,
  directory: string,
  action: (disk: string) => Promise<T>,
): Promise<T> {
  const { blocks } = await stat(image.path);
  const need = { what: 'the unpacked disk', directory, least: blocks * 512, most: image.size };
  await checkSpace(host.log, [need]);
  return withScratchDirectory(
    'disk',
    async (scratch) => {
      const disk = join(scratch, 'disk.raw');
      host.log.progress({ text: `Unpacking ${image.path}` });
      await run(host, command('qemu-img', ['convert', '-f', image.format, '-O', 'raw', '-W', image.path, disk]));
      return await action(disk);
    },
    directory,
  );
}

/** Writes a raw disk as an image of the same kind. */
export async function writeLike(host: Caller, image: ImageFile, disk: string, to: string): Promise<void> {
  const type = image.compression;
  const options = type === undefined ? [] : ['-c', '-o', `compression_type=${type}`];
  await run(host, command('qemu-img', ['convert', '-f', 'raw', '-O', image.format, '-W', ...options, disk, to]));
}

/** Whether a raw disk can be read where it is: nothing must be repaired or put together first. */
export async function canBeReadInPlace(host: Caller, disk: string): Promise<boolean> {
  return Volumes.use(host, disk, async (volumes) => {
    for (const volume of (await readDiskLayout(host, disk)).volumes) {
      if (volume.extents.length > 1) return false;
      if (ExtFileSystem.handles(volume) && !(await isReadable(volumes, volume))) return false;
    }
    return true;
  });
}
