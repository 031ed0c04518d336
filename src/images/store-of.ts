import { join, resolve } from 'node:path';
import type { ImageSpec } from '../config/image-spec.js';
import { expectHome } from '../host/home-directory.js';

/** The directory of the store in which an image's trees lie: `--store-dir`, the environment's, the section's, or the usual one. */
export function storeOf({ variables, overridden }: ImageSpec): string {
  const said = variables['store-dir'] ?? variables['store_dir'];
  const inEnvironment = process.env.IMAGE_FACTORY_STORE_DIR;
  const named = overridden.includes('store-dir') ? said : inEnvironment || said;
  if (named) return resolve(named);
  return process.getuid?.() === 0 ? '/var/lib/image-factory' : join(expectHome(), '.local/share/image-factory');
}
