import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { InstallSpec } from '../config/image-spec.js';
import { Failure } from '../host/failure.js';
import { claimDirectory } from '../host/abandoned-directories.js';
import type { Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import type { LockedFile } from '../packages/lock-file.js';
import { pooledFile } from '../packages/pool.js';
import { linkFile, pinFile } from '../sources/linked-file.js';
import { fetchNetbootFiles, type NetbootFile } from '../sources/netboot-files.js';
import { netbootSources, type NetbootSource } from '../sources/netboot-source.js';
import { netbootCache } from './netboot.js';

/**
 * Brings what an installer starts from into the pool, verified as the section asks for it.
 *
 * @returns its files, as a lock records them
 */
export async function poolNetbootFiles(host: Host, spec: InstallSpec, pool: string): Promise<LockedFile[]> {
  makeDirectory(pool);
  const claim = { start: join(pool, '.netboot-'), what: 'the netboot files that are fetched' };
  const { path: scratch, remove } = await claimDirectory(host, claim);
  const sources = netbootSources(spec);
  const files = await fetchNetbootFiles(host, netbootCache(spec), scratch, sources, spec);
  const locked: LockedFile[] = [];
  for (const { option, from } of sources) {
    const file = files.find(({ name }) => name === option);
    if (file === undefined) continue;
    const { sha256, bytes } = file;
    const place = pooledFile(pool, { sha256 });
    makeDirectory(dirname(place));
    if (!existsSync(place)) await linkFile(join(scratch, from.name), place);
    locked.push({ name: option, size: bytes, sha256 });
  }
  await remove();
  return locked;
}

/** What an installation from a lock starts from. */
export interface LockedStart {
  /** The name of the lock's file, for messages. */
  readonly lock: string;
  readonly files: readonly LockedFile[];
  readonly pool: string;
}

/**
 * Takes what an installer starts from out of the pool, so that a mirror that has moved on does not matter.
 *
 * @param pinTo where only this build uses the files
 * @returns undefined where the pool lacks one
 */
export async function pooledNetbootFiles(
  host: Host,
  { files, pool, lock }: LockedStart,
  sources: readonly NetbootSource[],
  pinTo: string,
): Promise<NetbootFile[] | undefined> {
  const found = sources.map((source) => ({ source, locked: files.find(({ name }) => name === source.option) }));
  const all: NetbootFile[] = [];
  for (const { source, locked } of found) {
    const place = locked && pooledFile(pool, locked);
    if (locked === undefined || place === undefined || !existsSync(place) || source.holds !== undefined)
      return undefined;
    const { sha256, size } = locked;
    await pinFile(host, place, join(pinTo, source.from.name), sha256);
    host.log.info(`${source.option}: from the pool, with the sum in the package lock`);
    const verified = [{ by: 'package lock' as const, lock }];
    all.push({ name: source.option, uri: source.from.shown, sha256, bytes: size, verified });
  }
  return all;
}

/** @throws Failure for a file that is another one than the lock's */
export function expectLockedFiles(fetched: readonly NetbootFile[], { files, lock }: LockedStart): void {
  for (const { name, uri, sha256 } of fetched) {
    const locked = files.find((each) => each.name === name);
    if (locked === undefined || locked.sha256 === sha256) continue;
    throw new Failure(
      `${name}: ${uri} has the SHA-256 sum ${sha256}, and the package lock ${lock} asks for ${locked.sha256}`,
      {
        hint: "The mirror has another installer than when the lock was made, which would not take the locked components; 'image-factory lock --update' takes those of today.",
      },
    );
  }
}
