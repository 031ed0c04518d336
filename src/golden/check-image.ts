import { access, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inspectImage, withRawCopy, withReadableDisk, writeLike } from '../disk/image-file.js';
import { readSystem } from '../disk/system.js';
import { SystemFiles } from '../disk/system-files.js';
import { Volumes } from '../disk/volumes.js';
import { zeroUnused } from '../disk/zero-unused.js';
import { UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { check, repair, type Repaired, type Told } from './check.js';
import type { Rule } from './rule.js';

export interface ImageCheck {
  readonly rules: readonly Rule[];
  /** Where an image that is no raw disk is unpacked. */
  readonly scratch: string;
  /** The volume with the root file system, where it can't be told. */
  readonly rootPartition?: string;
}

/** Checks an image of any format that qemu-img reads. Nothing is written to it. */
export async function checkImage(host: Caller, path: string, how: ImageCheck): Promise<Told[]> {
  const image = await inspectImage(host, path);
  return withReadableDisk(host, image, how.scratch, async (disk) => {
    return Volumes.use(host, disk, async (volumes) => {
      const system = await readSystem(volumes, how.rootPartition);
      return check(host, new SystemFiles(system, volumes), how.rules);
    });
  });
}

/**
 * Writes a repaired copy of an image, of the same format; the image itself stays, and so do the sums and signatures beside it true.
 *
 * @param to the copy
 * @throws UsageError if there is such a file
 */
export async function repairImage(host: Caller, path: string, to: string, how: ImageCheck): Promise<Repaired> {
  const image = await inspectImage(host, path);
  const exists = await access(to).then(
    () => true,
    () => false,
  );
  if (exists) throw new UsageError([`${to} exists: name a new file for the repaired copy`]);
  return withRawCopy(host, image, dirname(to), async (disk) => {
    const { system, before } = await Volumes.use(host, disk, async (volumes) => {
      const read = await readSystem(volumes, how.rootPartition);
      return { system: read, before: await repair(host, new SystemFiles(read, volumes), how.rules) };
    });
    // What was removed would still stand in the blocks that it had.
    await zeroUnused(host, disk, system);
    const left = await Volumes.use(host, disk, (volumes) => check(host, new SystemFiles(system, volumes), how.rules));
    const part = `${to}.part`;
    try {
      await writeLike(host, image, disk, part);
      await rename(part, to);
    } finally {
      await rm(part, { force: true });
    }
    const isLeft = ({ rule, path: at }: Told) => left.some((one) => one.rule === rule && one.path === at);
    return { repaired: [...before.repaired, ...before.left].filter((found) => !isLeft(found)), left };
  });
}
