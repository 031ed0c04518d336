import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { homeDirectory } from '../host/home-directory.js';
import { directory } from './option-types.js';

/** Where kernels and initrds are kept unless `cache_dir` says otherwise. */
export function defaultCacheDirectory(): string {
  // A user without a home directory is told, when the cache is made, to choose one.
  return process.getuid?.() === 0 ? '/var/cache/image-factory' : join(homeDirectory() ?? '/', '.cache/image-factory');
}

/** The store of layers of commands that don't name one; it takes precedence over `store-dir` of the configuration. */
export const storeVariable = 'IMAGE_FACTORY_STORE_DIR';

/** Where layers are kept unless `store-dir` says otherwise. */
export function defaultStoreDirectory(): string {
  return process.getuid?.() === 0
    ? '/var/lib/image-factory'
    : join(homeDirectory() ?? '/', '.local/share/image-factory');
}

/**
 * The store of layers, absolute: that of the command line, of the environment, of the configuration, or the usual one.
 *
 * @param named what the command line says
 * @param configured what the configuration says; it is asked last
 */
export function storeDirectory(named: string | undefined, configured: () => string | undefined): string {
  const inEnvironment = process.env[storeVariable];
  const given = named ?? (inEnvironment ? directory.parse(inEnvironment) : configured());
  return resolve(given ?? defaultStoreDirectory());
}

/** libvirt's system mode for root, who has no session; session mode for everybody else, who needs no rights for it. */
export function defaultConnection(): string {
  return process.getuid?.() === 0 ? 'qemu:///system' : 'qemu:///session';
}

/** By what provenance names the machine that builds. */
export function defaultBuilderId(): string {
  return `urn:image-factory:builder:${encodeURIComponent(hostname())}`;
}
