import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Failure } from '../host/failure.js';
import { command, run, type Host } from '../host/host.js';
import type { Made } from './making.js';
import type { GrownDisk } from './source.js';

/** Hands the disk in a bundle to an action, as a file that QEMU reads: that of an archive is unpacked for it. */
export async function withReadableBundle<T>(
  host: Host,
  directory: string,
  { file, member, compressed }: NonNullable<Made['disk']>,
  action: (path: string) => Promise<T>,
): Promise<T> {
  if (member === undefined) return action(join(directory, file));
  const scratch = join(directory, 'unpacked');
  await mkdir(scratch);
  try {
    const words = ['--extract', '--sparse', ...(compressed ? ['--use-compress-program=igzip -d'] : [])];
    await run(host, command('tar', [...words, '--file', join(directory, file), '--directory', scratch, '--', member]));
    return await action(join(scratch, member));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Exit code of qemu-img compare where the contents differ (qemu-img(1)). */
const different = 1;

/**
 * Compares the disk in a bundle with the one that it was made of, byte for byte. What one of them has beyond the other's end
 * must be zeros.
 *
 * @throws Failure where they differ
 */
export async function compareDisk(
  host: Host,
  { path, format }: { readonly path: string; readonly format: string },
  disk: GrownDisk,
): Promise<void> {
  host.log.progress({ text: `Comparing ${basename(path)} with the disk that it is made of` });
  const called = command('qemu-img', ['compare', '-f', format, '-F', disk.format, path, disk.path]);
  const { exitCode, stdout } = await run(host, called, { accept: [0, different] });
  if (exitCode === 0) return;
  throw new Failure(`the disk in ${basename(path)} is not the one that it was made of: ${stdout.trim()}`);
}
