import { hostname } from 'node:os';
import { join } from 'node:path';
import { homeDirectory } from '../host/home-directory.js';

/** Where kernels and initrds are kept unless `cache_dir` says otherwise. */
export function defaultCacheDirectory(): string {
  // A user without a home directory is told, when the cache is made, to choose one.
  return process.getuid?.() === 0 ? '/var/cache/image-factory' : join(homeDirectory() ?? '/', '.cache/image-factory');
}

/** libvirt's system mode for root, who has no session; session mode for everybody else, who needs no rights for it. */
export function defaultConnection(): string {
  return process.getuid?.() === 0 ? 'qemu:///system' : 'qemu:///session';
}

/** By what provenance names the machine that builds. */
export function defaultBuilderId(): string {
  return `urn:image-factory:builder:${encodeURIComponent(hostname())}`;
}
