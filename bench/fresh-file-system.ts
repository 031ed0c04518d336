import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { workDirectory } from './result.js';

/** Bytes: more than any bench writes. The file is sparse. */
const size = 96 * 2 ** 30;

/**
 * Lets a bench work in an ext4 file system that has never had a file in it, and that is gone afterwards.
 *
 * ext4 gives the inode of a deleted file to no other one for a minute, and for five while the deletion is not on the disk
 * (`recently_deleted` in the kernel's fs/ext4/ialloc.c), and looks at all such inodes again for each new file. After a tree
 * of 14,000 files was deleted, unpacking one takes 13 seconds instead of one, whichever program does it. So a bench does
 * not delete trees between its rounds, and none meets what another one deleted.
 *
 * Only root can mount it; for others it is a directory, and {@link say} gets a warning.
 */
export async function inFreshFileSystem<T>(
  name: string,
  say: (line: string) => void,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  await mkdir(workDirectory, { recursive: true });
  const scratch = await mkdtemp(join(workDirectory, `${name}-`));
  if (process.getuid?.() !== 0) {
    say(`${name}: not root, so not in a file system of its own: what was deleted before may slow both sides down`);
    return use(scratch).finally(() => rm(scratch, { recursive: true, force: true }));
  }
  const disk = join(scratch, 'disk');
  const at = join(scratch, 'mounted');
  try {
    await mkdir(at);
    await open(disk, 'w').then((file) => file.truncate(size).finally(() => file.close()));
    await execa('mke2fs', ['-q', '-t', 'ext4', disk]);
    // Direct: the content of files is in the page cache once, as it is on a disk. noinit_itable: nothing is written later.
    const { stdout: loop } = await execa('losetup', ['--find', '--show', '--direct-io=on', disk]);
    try {
      await execa('mount', ['-o', 'noinit_itable', loop, at]);
      return await use(at).finally(() => execa('umount', [at]));
    } finally {
      await execa('losetup', ['--detach', loop]);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
