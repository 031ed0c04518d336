import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { gpgSignatures, withoutArmour } from '../../host/gpg.js';
import { command, run, type Caller } from '../../host/host.js';
import { didYouMean } from '../../config/suggestion.js';
import type { PackagePlaces, PackageSource } from '../package-source.js';
import { aptCommand, type AptRoot } from './private-root.js';

/** What a suite was when its packages were chosen. */
export interface IndexRecord {
  readonly suite: string;
  readonly components: readonly string[];
  /** Fingerprints of the keys whose good signatures vouch for it, sorted. */
  readonly signers: readonly string[];
  /** `Date` of its Release file. */
  readonly date: string;
  /** The SHA-256 of InRelease. */
  readonly release: string;
  /** SHA-256 of the index of each component, without compression. */
  readonly indexes: readonly string[];
}

/** A suite, and where apt keeps its files. */
export interface SuiteIndexes extends IndexRecord {
  readonly files: readonly string[];
}

/**
 * Reads the indexes of all archives from the mirror. apt checks signatures and sums; nothing that is not signed gets in.
 *
 * @throws Failure with what apt says
 */
export async function updateIndexes(host: Caller, root: AptRoot): Promise<void> {
  host.log.progress({ text: 'Reading the indexes of the mirror' });
  const { exitCode, stdout, stderr } = await run(host, aptCommand(root, 'apt-get', ['-q', 'update']), {
    accept: [100],
  });
  const lines = [...stdout.split('\n'), ...stderr.split('\n')];
  // What a server answers stands below the line of what failed.
  const isTold = (line: string, at: number) =>
    /^(?:E|W|Err|N):/.test(line) || (/^ {2}\S/.test(line) && lines[at - 1]?.startsWith('Err:'));
  // What apt goes on with then is not used.
  const said = lines.filter(isTold).filter((line) => !/^E: Some index files failed to download/.test(line));
  if (exitCode === 0) return said.forEach((line) => host.log.debug(line));
  throw new Failure(
    `can't read the indexes of the archives:\n${[...new Set(said)].map((line) => `  | ${line}`).join('\n')}`,
    {
      hint: "'package-sources' names the archives, and 'package-keyring' the keys that may sign them.",
    },
  );
}

/** The indexes that are there, in the order of the sources. */
export async function suiteIndexes(
  host: Caller,
  root: AptRoot,
  { sources }: Pick<PackagePlaces, 'sources'>,
): Promise<SuiteIndexes[]> {
  const format = '$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(METAKEY)\t$(FILENAME)';
  const listed = await run(
    host,
    aptCommand(root, 'apt-get', ['indextargets', '--format', format, 'Created-By: Packages']),
  );
  const targets = listed.stdout.split('\n').flatMap((line) => {
    const [uri = '', release = '', component = '', key = '', file = ''] = line.split('\t');
    return file === '' ? [] : [{ uri: uri.replace(/\/+$/, ''), release, component, key, file }];
  });
  return Promise.all(
    sources.map(async ({ url, suite, components }) => {
      const isFlat = suite.endsWith('/');
      const own = targets.filter((each) =>
        isFlat ? sameUrl(each.uri, url) : each.release === suite && sameUrl(each.uri, url),
      );
      const files = [...new Set(own.map(({ file }) => file))].sort();
      const [first] = own;
      if (first === undefined) {
        throw new Failure(
          `the suite ${suite} of ${url} has no packages for ${root.architecture}${isFlat ? '' : ` in ${components.join(' and ')}`}`,
          {
            hint: "'package-sources' has archive, suite and components, such as main: look whether they are spelt right.",
          },
        );
      }
      const release = await releaseFile(first.file, first.key);
      const text = await readFile(release, 'utf8');
      const lacking = components.filter((each) => !own.some(({ component }) => component === each));
      expectComponents({ url, suite }, lacking, text);
      const until = /^Valid-Until: (.*)$/m.exec(text)?.[1];
      if (until !== undefined && Date.parse(until) < Date.now()) {
        host.log.warn(
          `The suite ${suite} of ${url} was valid until ${until}: this machine's apt is set not to check that (Acquire::Check-Valid-Until)`,
        );
      }
      return {
        suite,
        components,
        signers: await signersOf(host, root, release),
        date: /^Date: (.*)$/m.exec(text)?.[1]?.trim() ?? '',
        release: digest(text),
        indexes: await Promise.all(files.map(async (file) => digest(await readFile(file)))),
        files,
      };
    }),
  );
}

/** @throws Failure for a component that the suite does not have: apt would go on without its packages */
function expectComponents(
  { url, suite }: Pick<PackageSource, 'url' | 'suite'>,
  lacking: readonly string[],
  release: string,
): void {
  const known = /^Components: (.*)$/m.exec(release)?.[1]?.trim().split(/\s+/) ?? [];
  // `updates/main` of security archives is called `main` as well.
  const unknown = lacking.filter((each) => !known.some((name) => name === each || name.endsWith(`/${each}`)));
  if (known.length === 0 || unknown.length === 0) return;
  const lines = unknown.map(
    (each) => `the suite ${suite} of ${url} has no component '${each}'${didYouMean(each, known)}`,
  );
  throw new Failure(lines.join('\n'), { hint: `It has ${known.join(', ')}.` });
}

function sameUrl(one: string, other: string): boolean {
  const plain = (url: string) => url.replace(/^file:\/*/, 'file:/').replace(/\/+$/, '');
  return plain(one) === plain(other) || plain(one).startsWith(`${plain(other)}/`);
}

/** The InRelease beside an index, by the name that apt gives it. */
async function releaseFile(index: string, key: string): Promise<string> {
  const stem = basename(index).slice(0, -(key.replaceAll('/', '_').length + 1));
  const names = await readdir(dirname(index));
  const found = ['InRelease', 'Release'].map((name) => `${stem}_${name}`).find((name) => names.includes(name));
  if (found === undefined) throw new Failure(`apt keeps no InRelease beside ${index}`);
  return join(dirname(index), found);
}

async function signersOf(host: Caller, root: AptRoot, release: string): Promise<string[]> {
  if (root.keyring === undefined || !release.endsWith('InRelease')) return [];
  const keys = join(root.directory, 'keyring.gpg');
  await writeFile(keys, withoutArmour(await readFile(root.keyring)));
  const { stdout } = await run(
    host,
    command('gpgv', ['--keyring', keys, '--status-fd', '1', '--output', '/dev/null', release]),
    { accept: [1, 2] },
  );
  return gpgSignatures(stdout)
    .flatMap(({ verdict, fingerprints }) => (verdict === 'GOODSIG' && fingerprints ? [fingerprints.primaryKey] : []))
    .sort();
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
