import { readFile } from 'node:fs/promises';
import { Failure } from '../../host/failure.js';
import { withFileLock } from '../../host/file-lock.js';
import { command, run, type Host } from '../../host/host.js';
import { join } from 'node:path';
import type { LockedPackage } from '../lock-file.js';
import type { PackageSource } from '../package-source.js';
import type { PackageRequest } from '../request.js';
import { suiteIndexes, updateIndexes, type IndexRecord } from './indexes.js';
import { aptRoot } from './private-root.js';
import { parseStanza, stanzas, type Stanza } from './stanza.js';

/** The components of an installer, and the index that they are from. */
export interface ChosenUdebs {
  readonly index: IndexRecord;
  readonly udebs: readonly LockedPackage[];
}

/**
 * The components (udebs) that debian-installer may load: those that it loads by itself, which have the priority *standard* or a
 * higher one; what loads by name; and what these need. It takes modules of its own kernel only, so those of every kernel that
 * the index has are there.
 *
 * @param parent the directory of apt's roots
 * @throws Failure where the index can't be read or vouched for
 */
export async function chooseUdebs(
  host: Host,
  parent: string,
  { facts, keyring }: Pick<PackageRequest, 'facts' | 'keyring'>,
  source: PackageSource,
): Promise<ChosenUdebs> {
  const places = { sources: [source], keyring };
  const root = await aptRoot(host, parent, facts.arch.debianName, places);
  return withFileLock(host, join(root.directory, '.in-use'), `the indexes in ${root.directory}`, async () => {
    await updateIndexes(host, root);
    const [index] = await suiteIndexes(host, root, places);
    if (index === undefined) throw new Failure(`${source.url} has no components of the installer`);
    const texts = await Promise.all(index.files.map((file) => readFile(file, 'utf8')));
    const listed = texts.flatMap((text) => stanzas(text)).map(parseStanza);
    const chosen = neededUdebs(await newestOfEach(host, listed));
    if (chosen.size === 0) throw new Failure(`${source.suite} of ${source.url} has no components of debian-installer`);
    const udebs = [...chosen].map(([each, why]) => lockedUdeb(each, source.suite, why));
    return { index, udebs: udebs.sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1)) };
  });
}

const sortKey = ({ name, version }: LockedPackage) => `${name}\0${version}`;

/** Components that are loaded by their names, as file systems and volumes ask for them. */
const loadedByName =
  /^(?:partman-(?:auto|auto-lvm|ext3|xfs|btrfs|lvm|efi|target|basicfilesystems|basicmethods|partitioning)|lvm2-udeb|(?:md|xfs|btrfs|ext4|fat|efi|virtio|rtc)-modules-.*|(?:xfsprogs|btrfs-progs|e2fsprogs|dosfstools)-udeb|apt-mirror-setup|apt-setup-udeb)$/;

/** Of several versions of a component, the newest: an archive may list an older one for a while. */
async function newestOfEach(host: Host, all: readonly Stanza[]): Promise<Stanza[]> {
  const newest = new Map<string, Stanza>();
  for (const each of all) {
    const before = newest.get(each.name);
    if (before === undefined || (await isNewer(host, each.version, before.version))) newest.set(each.name, each);
  }
  return [...newest.values()];
}

async function isNewer(host: Host, version: string, than: string): Promise<boolean> {
  const called = command('dpkg', ['--compare-versions', version, 'gt', than]);
  return (await run(host, called, { accept: [1] })).exitCode === 0;
}

/** Each with the reason for it. Exported for its test. */
export function neededUdebs(all: readonly Stanza[]): ReadonlyMap<Stanza, string> {
  const byName = new Map<string, Stanza[]>();
  const providing = new Map<string, Stanza[]>();
  for (const each of all) {
    byName.set(each.name, [...(byName.get(each.name) ?? []), each]);
    for (const name of each.provides) providing.set(name, [...(providing.get(name) ?? []), each]);
  }
  const found = new Map<Stanza, string>();
  for (const each of all) {
    const isUsual = ['required', 'important', 'standard'].includes(each.priority);
    if (isUsual || loadedByName.test(each.name)) found.set(each, 'installer');
  }
  // What is added on the way is looked at as well.
  for (const each of found.keys()) {
    for (const name of each.depends.flat()) {
      for (const needed of byName.get(name) ?? providing.get(name) ?? []) {
        if (!found.has(needed)) found.set(needed, `depends of ${each.name}`);
      }
    }
  }
  return found;
}

function lockedUdeb(
  { name, version, architecture, source, priority, path, size, sha256 }: Stanza,
  suite: string,
  why: string,
): LockedPackage {
  return {
    ...{ name, version, architecture },
    ...(source === undefined ? {} : { source }),
    ...(['required', 'important', 'standard'].includes(priority) ? { priority } : {}),
    ...{ suite, path, size, sha256, why },
  };
}
