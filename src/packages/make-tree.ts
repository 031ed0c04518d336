import { dirname, join } from 'node:path';
import { UsageError } from '../host/failure.js';
import { claimDirectory } from '../host/abandoned-directories.js';
import type { Host } from '../host/host.js';
import { holdScratchDirectory } from '../host/scratch-directory.js';
import { bootstrap, type Bootstrap } from './bootstrap.js';
import { makeBuildKey } from './build-key.js';
import { compileRepository } from './compile-repository.js';
import type { PackageLock } from './lock-file.js';
import { bootstrapRpm } from './rpm/bootstrap.js';
import { compileRpmRepository } from './rpm/compile-repository.js';
import type { PackagePlaces } from './package-source.js';
import { targetSources } from './target-sources.js';

/** Serves a directory on the loopback interface. Another room's: packages know nothing of installers. */
export type Serve = (directory: string) => Promise<{ readonly url: string; close(): Promise<void> }>;

/** What a tree is made of. */
export interface TreeOfLock {
  readonly lock: PackageLock;
  readonly pool: string;
  /** The name of the release, such as `trixie`. */
  readonly suite: string;
  /** A directory, or an archive whose name ends in `.tar`. */
  readonly target: string;
  /** A directory on the file system of the pool, where links to its files are made for a while. */
  readonly workDir: string;
  /** Scripts that run in the finished tree. */
  readonly scripts: readonly string[];
  /** Where the system shall find packages later. */
  readonly later: Pick<PackagePlaces, 'sources' | 'keyring'>;
}

/**
 * Makes a tree of exactly the packages of a lock; of rpm, always as an archive. Without the network: from a repository that is compiled from it, and signed with
 * a key of this build.
 */
export async function makeTree(host: Host, wanted: TreeOfLock & { readonly serve: Serve }): Promise<void> {
  const { lock, target, serve } = wanted;
  if (lock.packaging === 'rpm') return makeRpmTree(host, wanted);
  await withRepository(host, wanted, async ({ repository, scripts }) => {
    const server = await serve(repository.directory);
    const close = host.release.hold(`the HTTP server at ${server.url}`, () => server.close());
    await bootstrap(host, { lock, repository, url: server.url, target, scripts });
    await close();
  });
}

/** Makes an archive of exactly the packages of a lock of rpm. */
export async function makeRpmTree(host: Host, wanted: TreeOfLock): Promise<void> {
  const { lock, pool, suite, target, workDir } = wanted;
  if (!target.endsWith('.tar')) {
    throw new UsageError([`${target}: dnf's trees become archives: give it a name that ends in .tar`]);
  }
  const { path: scratch, remove } = await claimDirectory(host, repositoryIn(workDir));
  const key = await makeBuildKey(host);
  host.log.progress({ text: 'Compiling the repository' });
  const repository = await compileRpmRepository(host, { lock, pool, directory: join(scratch, 'rpm'), suite, key });
  const dnf = await holdScratchDirectory(host, 'dnf', dirname(target));
  await bootstrapRpm(host, { lock, repository, target, scratch: dnf.path, scripts: wanted.scripts }, key.text);
  await dnf.remove();
  await remove();
}

/** Does something with a repository of deb that is compiled from a lock, and the scripts that its tree needs. */
export async function withRepository<T>(
  host: Host,
  wanted: Omit<TreeOfLock, 'target'>,
  action: (made: Pick<Bootstrap, 'lock' | 'repository' | 'scripts'>) => Promise<T>,
): Promise<T> {
  const { lock, pool, suite, workDir } = wanted;
  const scripts = [...wanted.scripts, targetSources(wanted.later)];
  const { path: scratch, remove } = await claimDirectory(host, repositoryIn(workDir));
  const key = await makeBuildKey(host, lock.packaging === 'rpm' ? 'rsa3072' : 'ed25519');
  host.log.progress({ text: 'Compiling the repository' });
  const repository = await compileRepository(host, { lock, pool, directory: join(scratch, 'debian'), suite, key });
  const result = await action({ lock, repository, scripts });
  await remove();
  return result;
}

/** The claim of a compiled repository, in the directory of the pool, for hard links. */
export function repositoryIn(directory: string) {
  return { start: join(directory, '.repository-'), what: 'the repository of the build' };
}
