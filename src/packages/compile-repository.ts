import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import { Turns } from '../host/turns.js';
import type { BuildKey } from './build-key.js';
import { controlOf } from './control.js';
import type { LockedPackage, PackageLock } from './lock-file.js';
import { linkPooled, pooled, verifyPooled } from './pool.js';

/** A repository of one suite that has the packages of a lock, the components of its installer, and nothing else. */
export interface CompiledRepository {
  readonly directory: string;
  readonly suite: string;
  /** The file of its key. */
  readonly keyring: string;
}

/** What the repository is to look like. */
export interface Compilation {
  readonly lock: PackageLock;
  readonly pool: string;
  /** A directory that does not exist yet. */
  readonly directory: string;
  /** The suite's name: that of the release, such as `trixie`. */
  readonly suite: string;
  readonly key: BuildKey;
}

const component = 'main';

/** Calls of dpkg-deb at the same time. */
const atOnce = 4;

/**
 * Compiles a repository from a lock. Each file of the pool is checked against the lock, and gets its place by a hard link.
 *
 * @throws Failure that names a file of the pool that is not what the lock says
 */
export async function compileRepository(host: Host, wanted: Compilation): Promise<CompiledRepository> {
  const { lock, pool, directory, suite, key } = wanted;
  const { packages, udebs = [] } = lock;
  await verifyPooled(pool, [...packages, ...udebs]);
  const turns = new Turns(atOnce);
  const indexOf = async (all: readonly LockedPackage[], suffix: 'deb' | 'udeb') => {
    const stanzas = all.map((each) =>
      turns.take(async () => {
        const [file, place] = [pooled(pool, each), placeOf(each, suffix)];
        await linkPooled(file, join(directory, place));
        return stanzaOf(each, place, await controlOf(host, file));
      }),
    );
    return Buffer.from(`${(await Promise.all(stanzas)).join('\n\n')}\n`);
  };
  const dists = join(directory, 'dists', suite);
  const binary = `binary-${lock.architecture}`;
  const indexes = {
    [`${component}/${binary}`]: await indexOf(packages, 'deb'),
    ...(udebs.length > 0 && { [`${component}/debian-installer/${binary}`]: await indexOf(udebs, 'udeb') }),
  };
  // choose-mirror of debian-installer asks the last one of them whether there are packages for its architecture.
  const about = (name: string) => [`Archive: ${suite}`, `Component: ${name}`, `Architecture: ${lock.architecture}`, ''];
  const files = Object.entries(indexes).flatMap(([name, index]) => [
    [`${name}/Packages`, index] as const,
    [`${name}/Packages.gz`, gzipSync(index)] as const,
    [`${name}/Release`, Buffer.from(about(dirname(name)).join('\n'))] as const,
  ]);
  for (const [name, content] of files) {
    makeDirectory(dirname(join(dists, name)));
    await writeFile(join(dists, name), content);
  }
  const release = [
    'Origin: image-factory',
    `Label: ${lock.image}`,
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${dateOf(lock)}`,
    `Architectures: ${lock.architecture}`,
    `Components: ${component}`,
    `Description: The packages of a lock, and no others`,
    'SHA256:',
    ...files.map(([name, content]) => ` ${sha256(content)} ${content.length} ${name}`),
    '',
  ].join('\n');
  await writeFile(join(dists, 'Release'), release);
  await writeFile(join(dists, 'InRelease'), await key.sign(release));
  await writeFile(join(dists, 'Release.gpg'), await key.signature(release));
  return { directory, suite, keyring: key.keyring };
}

/** Paths of several archives in one: their names differ, and where they don't, their sums do. */
function placeOf({ name, version, architecture, sha256: sum }: LockedPackage, suffix: 'deb' | 'udeb'): string {
  return `pool/${sum.slice(0, 2)}/${name}_${version.replace(/^\d+:/, '')}_${architecture}.${suffix}`;
}

/** The priority that the archive gave a package tells an installer what the base system is. */
function stanzaOf(each: LockedPackage, place: string, control: string): string {
  const fields = control.split('\n').filter((line) => !/^(?:Priority|Filename|Size|SHA256|MD5sum):/i.test(line));
  return [
    ...fields,
    `Priority: ${each.priority ?? 'optional'}`,
    `Filename: ${place}`,
    `Size: ${each.size}`,
    `SHA256: ${each.sha256}`,
  ].join('\n');
}

/** The newest of the suites, as a Release file has it: the same lock always gives the same. */
export function dateOf({ sources }: Pick<PackageLock, 'sources'>): string {
  const times = sources.map(({ date }) => Date.parse(date)).filter((time) => !Number.isNaN(time));
  return new Date(Math.max(0, ...times)).toUTCString().replace('GMT', 'UTC');
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
