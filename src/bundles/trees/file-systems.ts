import { join } from 'node:path';
import { writeErofs, writeSquashfs } from '../../layers/export/file-system-image.js';
import { contentOf } from '../../layers/manifest.js';
import { fileNameOf, type Made, type Making } from '../making.js';
import { omittedPaths } from '../omissions.js';
import type { TreeSource } from '../source.js';

/** A squashfs or an erofs with all files. */
export async function writeFileSystem(making: Making, { merged }: TreeSource): Promise<Made> {
  const { host, target, directory, epoch } = making;
  const name = await fileNameOf(making);
  const omitted = omittedPaths(target.omit);
  const { id, newest } = await contentOf(host, merged.directory, merged.what);
  const image = { ...merged, file: join(directory, name), time: epoch ?? newest, newest: epoch, omitted };
  if (target.format === 'squashfs') await writeSquashfs(host, image);
  else await writeErofs(host, image, id);
  return { files: [name], omitted };
}
