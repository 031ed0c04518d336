import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { command, run, type Caller } from '../../host/host.js';
import { didYouMean } from '../../config/suggestion.js';
import type { LockedPackage } from '../lock-file.js';
import { excluderText } from '../groups.js';
import { conflictChains } from './conflicts.js';
import type { SuiteIndexes } from './indexes.js';
import type { Wish } from './wish.js';
import { aptCommand, type AptRoot } from './private-root.js';
import { parseStanza, stanzasBySum, type Stanza } from './stanza.js';

/** A package that apt chooses, and the suite that it is from. */
export interface Chosen extends Stanza {
  readonly suite: string;
}

/** The generation of apt's solver. Packages that another one chooses may be others. */
export async function aptSolver(host: Caller): Promise<string> {
  const { stdout } = await run(host, command('apt-get', ['--version']));
  return /^apt (\d+)\./.exec(stdout)?.[1] ?? 'unknown';
}

/**
 * The packages that a wish needs, from nothing: apt solves. Sorted by name and architecture.
 *
 * @throws Failure that names unknown packages, and what leads to an excluded one
 */
export async function solve(
  host: Caller,
  root: AptRoot,
  indexes: readonly SuiteIndexes[],
  wish: Wish,
  kept: readonly LockedPackage[] = [],
): Promise<Chosen[]> {
  await writePreferences(root, wish);
  const names = [...new Set(wish.names)].sort().map((name) => withoutExcluded(name, wish.excluded));
  // What lies in the archive cache is not listed.
  await rm(join(root.directory, 'archives'), { recursive: true, force: true });
  host.log.progress({ text: 'Choosing packages' });
  const words = ['-q', '-y', '--print-uris', `--${wish.recommends ? '' : 'no-'}install-recommends`, 'install'];
  const ask = (wanted: readonly string[]) =>
    run(host, aptCommand(root, 'apt-get', [...words, '?essential', ...wanted]), { accept: [100] });
  const { stdout, stderr, exitCode } = await ask(names);
  if (exitCode !== 0) {
    // Which side of a conflict apt names depends on which one it comes to first. What is to be kept is moved by the first answer.
    const other = wish.preferences === undefined ? await ask(names.toReversed()) : { stdout: '', stderr: '' };
    throw await unsolvable(indexes, wish, [stdout, stderr, other.stdout, other.stderr].join('\n'));
  }
  const guessed = /^Note, selecting '(.*)' for (?:regex|glob|task) '(.*)'$/m.exec(`${stdout}\n${stderr}`);
  if (guessed !== null) throw unknownPackage(await allNames(indexes), guessed[2] ?? '');
  const sums = [...stdout.matchAll(/^'([^']*)' (\S+) (\d+) ?(?:SHA256:([0-9a-f]{64}))?/gm)].map(([line, , , , sum]) => {
    if (sum === undefined) throw new Failure(`apt knows no SHA-256 of a package: ${line}`);
    return sum;
  });
  return describe(indexes, new Set(sums), { index: join(root.directory, 'kept/Packages'), packages: kept });
}

/** A pattern chooses no package that must not come in; a name that does is a contradiction, which apt tells. */
function withoutExcluded(name: string, excluded: Wish['excluded']): string {
  const plain = [...excluded.keys()].filter((each) => /^[a-z0-9][a-z0-9+.-]*$/.test(each));
  if (!name.startsWith('?') || plain.length === 0) return name;
  return `?and(${name},${plain.map((each) => `?not(?exact-name(${each}))`).join(',')})`;
}

async function writePreferences(root: AptRoot, { excluded, preferences }: Wish): Promise<void> {
  const pins =
    excluded.size === 0 ? '' : `Package: ${[...excluded.keys()].join(' ')}\nPin: release *\nPin-Priority: -1\n`;
  await writeFile(join(root.directory, 'etc/preferences'), [pins, preferences ?? ''].filter(Boolean).join('\n'));
}

/** The stanzas of these sums, from the first suite that has each; or as a lock recorded one that no suite has any more. */
async function describe(
  indexes: readonly SuiteIndexes[],
  sums: ReadonlySet<string>,
  kept: { readonly index: string; readonly packages: readonly LockedPackage[] },
): Promise<Chosen[]> {
  const left = new Set(sums);
  const chosen: Chosen[] = [];
  for (const { suite, files } of indexes) {
    for (const file of files) {
      for (const [sum, text] of stanzasBySum(await readFile(file, 'utf8'), left)) {
        left.delete(sum);
        chosen.push({ ...parseStanza(text), suite });
      }
    }
  }
  const locked = new Map(kept.packages.map((each) => [each.sha256, each]));
  if (left.size > 0 && locked.size > 0) {
    for (const [sum, text] of stanzasBySum(await readFile(kept.index, 'utf8'), left)) {
      const { suite, path, priority = '' } = locked.get(sum) ?? { suite: '', path: '' };
      left.delete(sum);
      chosen.push({ ...parseStanza(text), suite, path, priority });
    }
  }
  const [missing] = left;
  if (missing !== undefined) throw new Failure(`no index lists the package with the SHA-256 ${missing} that apt chose`);
  return chosen.sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

function key({ name, architecture, version }: Stanza): string {
  return `${name}\0${architecture}\0${version}`;
}

async function allNames(indexes: readonly SuiteIndexes[]): Promise<Set<string>> {
  const names = new Set<string>();
  for (const { files } of indexes) {
    for (const file of files) {
      for (const [, name = ''] of (await readFile(file, 'utf8')).matchAll(/^Package: (.*)$/gm)) names.add(name);
    }
  }
  return names;
}

function unknownPackage(known: ReadonlySet<string>, name: string): Failure {
  return new Failure(`no archive of 'package-sources' has a package '${name}'${didYouMean(name, known)}`);
}

/** Why there is no solution, as far as it can be told. */
async function unsolvable(indexes: readonly SuiteIndexes[], wish: Wish, said: string): Promise<Failure> {
  const unknown = [
    ...said.matchAll(
      /^E: (?:Unable to locate package (\S+)|Package '([^']+)' has no installation candidate|Couldn't find any package by (?:regex|glob) '([^']+)'|Version '[^']*' for '([^']+)' was not found)/gm,
    ),
  ];
  const names = [...new Set(unknown.flatMap(([, ...found]) => found.filter((each) => each !== undefined)))];
  const lines: string[] = [];
  if (names.length > 0) {
    const known = await allNames(indexes);
    for (const name of names) {
      const plain = name.replace(/[=/].*$/, '');
      const excluder = wish.excluded.get(plain);
      lines.push(
        excluder !== undefined
          ? `'${plain}' is asked for, and ${excluderText(excluder)} excludes it`
          : known.has(plain)
            ? `the archives have '${plain}', and no version of it as '${name}' asks for it`
            : unknownPackage(known, plain).message,
      );
    }
  }
  if (wish.excluded.size > 0) {
    for (const { chain, excluded } of await conflictChains(indexes, wish)) {
      const [first = '', ...rest] = chain;
      const way = rest.map((each) => `needs ${each}`).join(', which ');
      lines.push(`${first} ${way}, which ${excluderText(wish.excluded.get(excluded))} excludes`);
    }
  }
  const unmet = [...said.matchAll(/The following packages have unmet dependencies:\n((?: .*\n)+)/g)];
  lines.push(
    ...unmet
      .flatMap(([, text = '']) => text.split('\n'))
      .filter((line) => line.trim() !== '')
      .map((line) => line.trim().replace(/\s+/g, ' ')),
  );
  const errors = [...new Set(said.split('\n').filter((line) => line.startsWith('E: ')))];
  const told = lines.length > 0 ? lines : errors;
  return new Failure(
    `these packages can't be installed together:\n${[...new Set(told)].map((line) => `  | ${line}`).join('\n')}`,
  );
}
