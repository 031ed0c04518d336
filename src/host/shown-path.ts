import { relative } from 'node:path';

/** A path as messages name it: from the working directory where it lies below that. */
export function shownPath(path: string): string {
  const near = relative('', path);
  return near.startsWith('..') ? path : near;
}
