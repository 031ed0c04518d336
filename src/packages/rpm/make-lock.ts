import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../host/host.js';
import { makeDirectory } from '../../host/make-directory.js';
import type { LockedPackage } from '../lock-file.js';
import { pooled } from '../pool.js';
import type { PackageRequest } from '../request.js';
import { solveRpm, Unsolvable, type RpmWish, type SolvedRpm } from './solve.js';

/** Where dnf keeps its copies of the indexes of these repositories. */
export function dnfDirectory(parent: string, { sources, facts }: Pick<PackageRequest, 'sources' | 'facts'>): string {
  const id = createHash('sha256')
    .update(JSON.stringify([sources, facts.arch.name]))
    .digest('hex')
    .slice(0, 16);
  const directory = join(parent, id);
  makeDirectory(directory);
  return directory;
}

/**
 * What a request means now, with as little difference to what is to stay as there can be.
 *
 * @param staying what the lock has and is not to be moved
 */
export async function chooseRpm(
  host: Host,
  {
    request,
    recorded,
    pool,
    directory,
  }: Pick<RpmWish, 'request' | 'recorded' | 'directory'> & { readonly pool: string },
  staying: readonly LockedPackage[],
): Promise<SolvedRpm> {
  let kept = staying;
  for (;;) {
    const files = kept.map((each) => pooled(pool, each)).filter((file) => existsSync(file));
    try {
      return await solveRpm(host, { request, recorded, directory, kept, files });
    } catch (error) {
      if (!(error instanceof Unsolvable) || kept.length === 0) throw error;
      // What is to stay stands in the way of what moves, or of what is asked for now.
      const less = kept.filter(({ name }) => !error.message.includes(`${name}-`));
      kept = less.length < kept.length ? less : [];
    }
  }
}
