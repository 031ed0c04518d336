import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { filesOfTarget } from '../config/bundle-files.js';
import { UsageError } from '../host/failure.js';
import type { Bundling, Sources } from './make-bundles.js';
import { fileNameOf } from './making.js';
import { isOfDisk } from './writers.js';

/**
 * Looks whether bundles would replace files. Sources are asked only for targets whose files are named by what the system is.
 *
 * @throws UsageError that names every file that is there already
 */
export async function expectFree(
  { targets, base, outputDir, imageFile }: Pick<Bundling, 'targets' | 'base' | 'outputDir' | 'imageFile'>,
  sources: Sources,
): Promise<void> {
  const there: string[] = [];
  for (const target of targets) {
    const facts = async () => (isOfDisk(target.format) ? await sources.disk() : await sources.tree()).facts();
    const first = await fileNameOf({ target, base, facts });
    // The image stays as it is.
    if (resolve(outputDir, first) === imageFile) continue;
    const files = filesOfTarget(first, target).map((name) => resolve(outputDir, name));
    there.push(...files.filter((file) => lstatSync(file, { throwIfNoEntry: false }) !== undefined));
  }
  if (there.length > 0) {
    throw new UsageError(there.map((file) => `${file}: it is there already; --force replaces it`));
  }
}
