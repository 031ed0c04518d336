import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { BootPaths } from '../config/image-spec.js';
import { sha256Of } from '../host/digest.js';
import { Failure } from '../host/failure.js';
import { command, run, type Host } from '../host/host.js';
import { contentFault } from './content.js';

/** A file that was taken out of an archive. */
export interface TakenFile {
  readonly option: 'linux' | 'initrd';
  /** Its path in the archive, as the section has it. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

const options = ['linux', 'initrd'] as const;

/** What kernel and initrd are called beside the archive. The archive's own names may be the same: `amd64/linux`, `boot/linux`. */
export function namesInArchive({ linux, initrd }: BootPaths): BootPaths {
  return { linux: `linux-${posix.basename(linux)}`, initrd: `initrd-${posix.basename(initrd)}` };
}

/**
 * Takes kernel and initrd out of a tar archive, compressed or not, by their paths in it.
 *
 * @param name how messages call the archive
 * @param to a directory that gets them, under their {@link namesInArchive}
 * @throws Failure where one is not in it, is no ordinary file, or is not what it should be
 */
export async function takeFromArchive(
  host: Host,
  { archive, name, holds, to }: { archive: string; name: string; holds: BootPaths; to: string },
): Promise<TakenFile[]> {
  const listed = await run(host, command('tar', ['--list', '--file', archive]));
  const members = new Map(listed.stdout.split('\n').map((member) => [posix.normalize(member), member]));
  const names = namesInArchive(holds);
  const scratch = join(to, '.archive.new');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch);
  try {
    const taken: TakenFile[] = [];
    for (const option of options) {
      const path = holds[option];
      const wrong = (why: string) =>
        new Failure(`${option}: ${path} in ${name} ${why}`, {
          hint: `Check the option '${option}'; tar -tf lists an archive.`,
        });
      const member = members.get(posix.normalize(path));
      if (member === undefined) throw wrong('does not exist');
      const exactly = ['--no-wildcards', '--no-same-owner', '--no-same-permissions', '--', member];
      await run(host, command('tar', ['--extract', '--file', archive, '--directory', scratch, ...exactly]));
      const file = join(scratch, member);
      const { size, isFile } = await lstat(file).then((found) => ({ size: found.size, isFile: found.isFile() }));
      if (!isFile) throw wrong('is not an ordinary file');
      const fault = await contentFault(option === 'linux' ? 'kernel' : 'initrd', file);
      if (fault !== undefined) throw wrong(`can't be used: ${fault}`);
      const target = join(to, names[option]);
      await rename(file, target);
      taken.push({ option, path, sha256: await sha256Of(host, target), bytes: size });
    }
    return taken;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
