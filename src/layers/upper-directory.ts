import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes the directories that a mount writes to.
 *
 * @param model the tree whose root the new one gets owner and permissions from: the upper directory's are those of the mount
 */
export async function makeChanges(
  directory: string,
  upper: 'upper' | 'tree',
  model: string | undefined,
): Promise<void> {
  const path = join(directory, upper);
  await mkdir(path);
  const { mode, uid, gid } = model === undefined ? { mode: 0o755, uid: 0, gid: 0 } : await stat(model);
  await chown(path, uid, gid);
  await chmod(path, mode & 0o7777);
  await mkdir(join(directory, 'work'), { mode: 0o700 });
}
