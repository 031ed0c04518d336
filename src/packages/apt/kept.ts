import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type Caller } from '../../host/host.js';
import { controlOf } from '../control.js';
import type { LockedPackage } from '../lock-file.js';
import { pooled } from '../pool.js';
import type { SuiteIndexes } from './indexes.js';
import { aptCommand, type AptRoot } from './private-root.js';
import { stanzasBySum } from './stanza.js';

const label = 'image-factory-kept';

/** Lets apt prefer the packages of an archive of this label to newer ones. */
export const keptPreferences = `Package: *\nPin: release l=${label}\nPin-Priority: 990\n`;

/**
 * Makes an archive of the packages of an earlier lock that are to stay as they are, and lets apt read it. What the mirror no
 * longer has is described by its file in the pool.
 *
 * @returns the packages that can't be kept, since neither has them
 */
export async function keepPackages(
  host: Caller,
  root: AptRoot,
  indexes: readonly SuiteIndexes[],
  pool: string,
  packages: readonly LockedPackage[],
): Promise<LockedPackage[]> {
  const directory = join(root.directory, 'kept');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  const sums = new Set(packages.map(({ sha256 }) => sha256));
  const known = new Map<string, string>();
  for (const file of indexes.flatMap(({ files }) => files)) {
    for (const [sum, text] of stanzasBySum(await readFile(file, 'utf8'), sums)) known.set(sum, text);
  }
  const lost: LockedPackage[] = [];
  const texts: string[] = [];
  for (const each of packages) {
    const stanza = known.get(each.sha256) ?? (await fromPool(host, pool, each));
    if (stanza === undefined) lost.push(each);
    else texts.push(stanza.trim());
  }
  const index = `${texts.join('\n\n')}\n`;
  const sum = createHash('sha256').update(index).digest('hex');
  await writeFile(join(directory, 'Packages'), index);
  await writeFile(
    join(directory, 'Release'),
    `Label: ${label}\nSuite: kept\nSHA256:\n ${sum} ${Buffer.byteLength(index)} Packages\n`,
  );
  await mkdir(join(root.directory, 'etc/kept'), { recursive: true });
  const source = `deb [trusted=yes] file:${directory} ./\n`;
  await writeFile(join(root.directory, 'etc/kept/kept.list'), source);
  await writeFile(join(root.directory, 'etc/sources.list.d/kept.list'), source);
  const only = ['-o', 'Dir::Etc::sourceparts=kept', '-o', 'APT::Get::List-Cleanup=false'];
  await run(host, aptCommand(root, 'apt-get', ['-q', ...only, 'update']));
  return lost;
}

/** Lets apt know only the mirror again. */
export async function keepNothing(root: AptRoot): Promise<void> {
  await rm(join(root.directory, 'etc/sources.list.d/kept.list'), { force: true });
}

async function fromPool(host: Caller, pool: string, each: LockedPackage): Promise<string | undefined> {
  const file = pooled(pool, each);
  if (!existsSync(file)) return undefined;
  return `${await controlOf(host, file)}\nFilename: ${each.path}\nSize: ${each.size}\nSHA256: ${each.sha256}`;
}
