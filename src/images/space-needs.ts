import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpaceNeed } from '../host/disk-space.js';
import { cachedName, originOf, type NetbootSource } from '../sources/netboot-source.js';
import type { Plan } from './build.js';
import { netbootSources } from './stages/fetch.js';

/**
 * What kernel and initrd may come to that are not here yet: the largest that the distributions have today (Fedora's and
 * openSUSE's) take 200 MiB together. Bytes.
 */
const usualNetbootFiles = 256 * 2 ** 20;

/** Answer file, state, inventory, documents, logs: in bytes, and plenty. */
const smallFiles = 16 * 2 ** 20;

/**
 * What a build is going to write, and where. The rule: the installed system is promised a disk of `image-size`, and
 * may fill it, so that much must be free; beside it comes the converted image, which at worst does not compress at all.
 * What is fetched lies in the netboot cache, and once more where virt-install prepares the start of the installer.
 */
export async function spaceNeeds({ spec, paths }: Plan): Promise<SpaceNeed[]> {
  const { imageSize, cacheDir, format } = spec;
  const converted = format === 'raw' ? 0 : imageSize;
  const elsewhere = paths.diskDir !== paths.workDir;
  const fetched = await netbootBytes(netbootSources(spec), cacheDir);
  const need = (what: string, directory: string, least: number, most = least): SpaceNeed => ({
    what,
    directory,
    least,
    most,
  });
  return [
    need('the disk', paths.diskDir, imageSize),
    need('the converted image', paths.diskDir, 0, converted),
    // Moved there from where QEMU reaches it, as a copy.
    ...(elsewhere ? [need('the finished image', paths.outputDir, 0, imageSize)] : []),
    need('documents and logs', paths.outputDir, smallFiles),
    need('netboot files', cacheDir, fetched.least, fetched.most),
    need('the start of the installer', paths.workDir, 0, fetched.most),
  ];
}

/** What is in the cache already takes no more; of what lies on this machine the size is known. */
async function netbootBytes(sources: readonly NetbootSource[], cacheDir: string) {
  const missing: NetbootSource[] = [];
  for (const source of sources) {
    if ((await sizeOf(join(cacheDir, cachedName(source.uri)))) === undefined) missing.push(source);
  }
  const sizes = await Promise.all(
    missing.map(async (source) => {
      const origin = originOf(source);
      return origin.by === 'copy' ? sizeOf(origin.path) : undefined;
    }),
  );
  const least = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  return { least, most: sizes.includes(undefined) ? Math.max(least, usualNetbootFiles) : least };
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
