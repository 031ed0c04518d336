import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSearchable } from '../../host/searchable-directory.js';
import { parseLock } from '../../packages/lock-file.js';
import { directoryOf, type NetbootCache } from '../../sources/cache-directory.js';
import { fetchNetbootFiles, netbootCommands } from '../../sources/netboot-files.js';
import { netbootSources, type NetbootSource } from '../../sources/netboot-source.js';
import { installerLocation, netbootCache } from '../netboot.js';
import type { BuildState, Plan } from '../build.js';
import { expectLockedFiles, pooledNetbootFiles, type LockedStart } from '../locked-netboot.js';
import { stage } from '../stage.js';

/**
 * What kernel and initrd may come to that are not here yet: the largest that the distributions have today (Fedora's and
 * openSUSE's) take 200 MiB together. Bytes.
 */
const usualNetbootFiles = 256 * 2 ** 20;

const wants = ({ spec }: Plan) => ({ spec, cache: netbootCache(spec), sources: netbootSources(spec) });
type Want = ReturnType<typeof wants>;

const commands = ({ spec, cache, sources }: Want) => netbootCommands(cache, sources, spec);

/** Kernel and initrd of the installer, in the netboot cache and verified, and linked to where only this build uses them. */
export const fetch = stage({
  name: 'fetch',
  title: 'Fetching the netboot files',
  leaves: ['netbootFiles', 'installer'],
  wants: (plan) => ({
    ...wants(plan),
    workDir: plan.paths.workDir,
    pinTo: plan.paths.netbootFiles,
    installer: installerLocation(plan),
    pool: plan.packages?.cache.pool,
  }),
  commands: (want) => commands(want),
  programs: ({ sources }) => (sources.some(({ holds }) => holds !== undefined) ? ['tar'] : []),
  async space({ cache, sources, workDir }) {
    const { least, most } = await bytesToFetch(sources, cache);
    return [
      { what: 'netboot files', directory: cache.root, least, most },
      // virt-install copies them once more.
      { what: 'the start of the installer', directory: workDir, least: 0, most },
    ];
  },
  inputs: ({ spec, sources }) => [
    sources.map(({ option, from: { uri }, sha256 }) => ({ option, uri, sha256 })),
    sources.map(({ holds }) => holds),
    ...[spec.checksums?.uri, spec.checksumsSignature?.uri, spec.keyring?.uri, spec.signedBy, spec.verify],
  ],
  async run(host, { spec, cache, sources, pinTo, installer, pool }, { packageLock }) {
    makeSearchable(pinTo);
    const start = packageLock && pool !== undefined ? await lockedStart(packageLock, pool) : undefined;
    const pooled = start && (await pooledNetbootFiles(host, start, sources, pinTo));
    if (pooled !== undefined) return { netbootFiles: pooled, installer };
    const netbootFiles = await fetchNetbootFiles(host, cache, pinTo, sources, spec);
    if (start !== undefined) expectLockedFiles(netbootFiles, start);
    return { netbootFiles, installer };
  },
});

async function lockedStart(
  { name = 'package lock', copy }: NonNullable<BuildState['packageLock']>,
  pool: string,
): Promise<LockedStart | undefined> {
  const { netboot } = parseLock(await readFile(copy, 'utf8'), copy);
  return netboot && { lock: name, files: netboot, pool };
}

/** The same without a build: the cache is filled, and nothing else. */
export const fillCache = stage({
  name: 'fetch',
  title: fetch.title,
  wants,
  commands,
  async run(host, { spec, cache, sources }) {
    await fetchNetbootFiles(host, cache, undefined, sources, spec);
  },
});

/** What is in the cache already takes no more; of what lies on this machine the size is known. */
async function bytesToFetch(sources: readonly NetbootSource[], cache: NetbootCache) {
  const missing: NetbootSource[] = [];
  for (const source of sources) {
    const { from } = source;
    if ((await sizeOf(join(directoryOf(cache, from), from.name))) === undefined) missing.push(source);
  }
  const sizes = await Promise.all(
    missing.map(async ({ from }) => (from.by === 'copy' ? sizeOf(from.path) : undefined)),
  );
  const least = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  return { least, most: sizes.includes(undefined) ? Math.max(least, usualNetbootFiles) : least };
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
