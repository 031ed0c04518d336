import { createHash } from 'node:crypto';
import { chmod, lstat, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, run, type Caller, type Command } from '../host/host.js';

/**
 * The serial number of the disk that brings `files` into the virtual machine: a plain tar archive, which every installer's
 * kernel reads without a file system of its own. The script at the end finds the disk by it; virtio has 20 characters.
 */
export const filesSerial = 'image-factory-files';

/**
 * Makes the archive of directories, of which a later one's files take precedence. Owners are root's, permissions 0755 or 0644;
 * times and links stay.
 */
export function filesVolumeCommand(directories: readonly string[], volume: string): Command {
  return command('tar', [
    ...['--create', '--file', volume, '--format', 'pax', '--sort', 'name'],
    ...['--owner', 'root:0', '--group', 'root:0', '--mode', 'u=rwX,go=rX'],
    ...directories.flatMap((directory) => ['--directory', directory, '.']),
  ]);
}

/** The volume is its owner's alone; libvirt gives it to QEMU's user while the domain runs. */
export async function makeFilesVolume(host: Caller, directories: readonly string[], volume: string): Promise<void> {
  await rm(volume, { force: true });
  await writeFile(volume, '', { mode: 0o600 });
  await run(host, filesVolumeCommand(directories, volume));
  await chmod(volume, 0o600);
}

/** What tells whether directories are still the same: names, kinds, permissions, sizes and times of all that is in them. */
export async function filesDigest(directories: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const directory of directories) {
    for (const name of ['', ...(await readdir(directory, { recursive: true })).sort()]) {
      const { mode, size, mtimeMs } = await lstat(join(directory, name));
      hash.update(JSON.stringify([name, mode, size, mtimeMs]));
    }
  }
  return hash.digest('hex');
}

/** Bytes that the archive takes, about. */
export async function filesSize(directories: readonly string[]): Promise<number> {
  const files = await Promise.all(
    directories.map(async (directory) =>
      (await readdir(directory, { recursive: true }).catch(() => [])).map((name) => join(directory, name)),
    ),
  );
  const sizes = await Promise.all(files.flat().map(async (file) => (await lstat(file)).size + 2048));
  return sizes.reduce((sum, size) => sum + size, 10240);
}
