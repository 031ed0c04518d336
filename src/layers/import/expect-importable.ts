import type { Caller } from '../../host/host.js';
import { blobsInArchive, blobsInDirectory } from './blobs.js';
import { readImage } from './container-image.js';
import { recognise } from './recognise.js';

/**
 * Looks whether a file or directory can be imported, as far as its beginning, or the documents of a container image, tell.
 *
 * @param text as in {@link recognise}
 * @throws Failure if it can't
 */
export async function expectImportable(caller: Caller, text: string): Promise<void> {
  const source = await recognise(caller, text);
  if (source.kind !== 'image directory' && source.kind !== 'image archive') return;
  const { kind, path, reference } = source;
  const blobs = kind === 'image directory' ? await blobsInDirectory(path) : await blobsInArchive(caller, path);
  await readImage(blobs, reference);
}
