import type { PathPattern } from '../disk/path-patterns.js';

/** Home directories, where every distribution has them; those of services are below /var/lib and hold their state. */
const homes = ['/root', '/home/*'];

/** Paths below every home directory. */
export function inHomes(...paths: readonly string[]): PathPattern[] {
  return homes.flatMap((home) => paths.map((path) => `${home}/${path}`));
}
