import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { didYouMean } from '../../config/suggestion.js';
import { Failure } from '../../host/failure.js';
import { anyGood, gpgSignatures, withoutArmour } from '../../host/gpg.js';
import { command, run, type Caller, type Command } from '../../host/host.js';
import type { IndexRecord } from '../apt/indexes.js';
import type { Chosen } from '../apt/solve.js';
import type { LockedPackage } from '../lock-file.js';
import type { PackageRequest } from '../request.js';
import { solveScript } from './solve-script.js';

/** Debian's own interpreter, as dnf's first line names it: another one in the path does not have dnf's library. */
const interpreter = '/usr/bin/python3';

/** What dnf chose, and from which state of the repositories. */
export interface SolvedRpm {
  readonly chosen: readonly Chosen[];
  /** What the installer reads, and does not install. */
  readonly components: readonly Chosen[];
  /** Those of `recorded` that the repositories have. */
  readonly offered: readonly string[];
  readonly indexes: readonly IndexRecord[];
}

/** What is asked for can't be had: with less that is to stay, it may be. */
export class Unsolvable extends Failure {}

/** What is to be solved. */
export interface RpmWish {
  readonly request: PackageRequest;
  /** Packages to take as well, where the repositories have them. */
  readonly recorded: readonly string[];
  /** A directory of dnf's own: its copies of the indexes. */
  readonly directory: string;
  /** What is to stay as it is, and the files of those of them that no repository has any more. */
  readonly kept: readonly LockedPackage[];
  readonly files: readonly string[];
}

/** What the script answers. */
interface Answer {
  /** What dnf says, and then what servers answered. */
  readonly unreadable?: readonly string[];
  readonly repositories?: readonly {
    readonly id: string;
    readonly repomd: string;
    readonly signature: string | null;
  }[];
  readonly unknown?: readonly string[];
  readonly names?: readonly string[];
  readonly problems?: readonly string[];
  readonly packages?: readonly ToldPackage[];
  readonly components?: readonly ToldPackage[];
  readonly recorded?: readonly string[];
}

interface ToldPackage {
  readonly name: string;
  readonly evr: string;
  readonly arch: string;
  readonly source: string | null;
  readonly repository: string;
  readonly path: string;
  readonly size: number;
  readonly sum: string | null;
  readonly depends: readonly (readonly string[])[];
  readonly recommends: readonly (readonly string[])[];
}

/** The generation of dnf's solver. */
export async function dnfSolver(host: Caller): Promise<string> {
  const { stdout } = await run(host, command('dnf', ['--version']));
  return /^(\d+)\./.exec(stdout)?.[1] ?? 'unknown';
}

/**
 * The packages that a request needs, from nothing: dnf solves. Sorted by name and architecture.
 *
 * @throws Unsolvable for unknown packages, and for no solution
 * @throws Failure for repositories that can't be read or vouched for
 */
export async function solveRpm(host: Caller, wish: RpmWish): Promise<SolvedRpm> {
  const { request } = wish;
  host.log.progress({ text: 'Reading the indexes of the mirror, and choosing packages' });
  const answer = await answerOf(host, wish);
  if (answer.unreadable !== undefined) {
    const said = [...answer.unreadable, ...request.sources.map(({ url, suite }) => `${suite} is ${url}`)];
    throw new Failure(`can't read the indexes of the repositories:\n${said.map((line) => `  | ${line}`).join('\n')}`, {
      hint: "'package-sources' names the repositories: a line 'URL NAME' each.",
    });
  }
  const indexes = await Promise.all((answer.repositories ?? []).map((each) => recordOf(host, wish, each)));
  if (answer.packages === undefined) throw unsolvable(request, answer);
  const kept = new Map(wish.kept.map((each) => [keyOf(each.name, each.architecture, each.version), each]));
  const chosenOf = (each: ToldPackage): Chosen => {
    const { name, evr: version, arch: architecture, source, repository, depends, recommends } = each;
    const common = { name, version, architecture, essential: false, priority: '', depends, recommends, provides: [] };
    const old = kept.get(keyOf(name, architecture, version));
    if (repository === '@commandline' && old !== undefined) {
      const { source: from, suite, path, size, sha256 } = old;
      return { ...common, source: from, suite, path, size, sha256 };
    }
    if (each.sum === null) throw new Failure(`the repository ${repository} knows no SHA-256 of ${each.path}`);
    return {
      ...common,
      source: source ?? undefined,
      suite: repository,
      path: each.path,
      size: each.size,
      sha256: each.sum,
    };
  };
  const { packages, components = [], recorded: offered = [] } = answer;
  return { chosen: packages.map(chosenOf), components: components.map(chosenOf), offered, indexes };
}

function keyOf(name: string, architecture: string, version: string): string {
  return `${name}\0${architecture}\0${version}`;
}

async function answerOf(host: Caller, { request, recorded, directory, kept, files }: RpmWish): Promise<Answer> {
  const { facts, group, further, sources, components } = request;
  const at = (name: string) => join(directory, name);
  for (const name of ['cache', 'persist', 'log', 'root']) await mkdir(at(name), { recursive: true });
  const asked = {
    ...{ cachedir: at('cache'), persistdir: at('persist'), logdir: at('log'), installroot: at('root') },
    ...{
      recommends: group.recommends,
      arch: facts.arch.name,
      basearch: facts.arch.name,
      releasever: facts.release ?? '',
    },
    platform: platformOf(request),
    proxy: process.env.http_proxy ?? '',
    repositories: sources.map(({ url, suite }) => ({ id: suite, url: url.replace(/^file:\/*/, 'file:///') })),
    packages: [...group.members, ...further].map(({ name }) => name),
    excluded: [...group.excluded.keys()],
    components,
    recorded,
    kept: kept.map(({ name, architecture, version }) => ({ name, arch: architecture, evr: version })),
    files,
  };
  const called: Command = {
    ...{ file: interpreter, args: ['-s', '-c', solveScript], input: JSON.stringify(asked) },
    env: { LC_ALL: 'C.UTF-8' },
    shown: `${interpreter} # asks dnf's library for ${asked.packages.length} packages`,
  };
  const { stdout } = await run(host, called);
  return JSON.parse(stdout) as Answer;
}

/** What modules call the release: `platform:f43`, `platform:el9`. */
function platformOf({ facts: { distribution, release = '' } }: PackageRequest): string {
  return distribution === 'fedora' ? `platform:f${release}` : `platform:el${release.split('.')[0] ?? ''}`;
}

async function recordOf(
  host: Caller,
  { request, directory }: RpmWish,
  { id, repomd, signature }: NonNullable<Answer['repositories']>[number],
): Promise<IndexRecord> {
  const times = [...repomd.matchAll(/<timestamp>(\d+)/g)].map(([, seconds]) => Number(seconds));
  const sums = [...repomd.matchAll(/<data type="(?:primary|modules)">[^]*?<open-checksum type="sha256">(\w+)</g)];
  return {
    suite: id,
    components: [],
    signers: signature === null ? [] : await signersOf(host, { request, directory }, { id, repomd, signature }),
    date: new Date(Math.max(0, ...times) * 1000).toUTCString().replace('GMT', 'UTC'),
    release: createHash('sha256').update(repomd).digest('hex'),
    indexes: sums.map(([, sum = '']) => sum).sort(),
  };
}

/** @throws Failure for an index whose signature no key of `package-keyring` has made */
async function signersOf(
  host: Caller,
  { request: { keyring }, directory }: Pick<RpmWish, 'request' | 'directory'>,
  { id, repomd, signature }: { readonly id: string; readonly repomd: string; readonly signature: string },
): Promise<string[]> {
  if (keyring === undefined) return [];
  const [keys, index, signed] = ['keyring.gpg', `${id}.repomd.xml`, `${id}.repomd.xml.asc`].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  await writeFile(keys, withoutArmour(await readFile(keyring)));
  await writeFile(index, repomd);
  await writeFile(signed, signature);
  const { stdout } = await run(host, command('gpgv', ['--keyring', keys, '--status-fd', '1', signed, index]), {
    accept: [1, 2],
  });
  const good = anyGood(gpgSignatures(stdout));
  if (good !== undefined) return [good.fingerprints.primaryKey];
  throw new Failure(`the index of the repository ${id} has no good signature of a key in ${keyring}`, {
    hint: "'package-keyring' names the keys that may sign it. Somebody may have changed the index on its way.",
  });
}

function unsolvable({ group }: PackageRequest, { unknown = [], names = [], problems = [] }: Answer): Unsolvable {
  const lines = unknown.map((name) => {
    const excluder = group.excluded.get(name);
    return excluder === undefined
      ? `no repository of 'package-sources' has a package '${name}'${didYouMean(name, names)}`
      : `'${name}' is asked for, and [group ${excluder}] excludes it`;
  });
  const told = problems
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [, package_ = ''] = /package (\S+) .*is filtered out by exclude filtering/.exec(line) ?? [];
      const name = [...group.excluded.keys()].find((each) => package_.startsWith(`${each}-`));
      return name === undefined ? line : `${line}: [group ${group.excluded.get(name)}] excludes ${name}`;
    });
  return new Unsolvable(
    `these packages can't be installed together:\n${(lines.length > 0 ? lines : told).map((line) => `  | ${line}`).join('\n')}`,
  );
}
