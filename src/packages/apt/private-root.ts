import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, run, type Caller, type Command } from '../../host/host.js';
import { expectKeyring, type PackagePlaces } from '../package-source.js';

/** A root directory of apt's own, which knows only these archives and no installed packages: no rights are needed. */
export interface AptRoot {
  readonly directory: string;
  /** As Debian calls it. */
  readonly architecture: string;
  readonly keyring: string | undefined;
}

/** Settings of apt that say how to read from the machine's mirrors, and not what. */
const notCopied =
  /^Acquire::(?:IndexTargets|Languages|GzipIndexes|CompressionTypes|ForceHash|AllowInsecureRepositories|AllowWeakRepositories|AllowDowngradeToInsecureRepositories|Changelogs|cdrom)\b/;

/**
 * Makes the root for these archives, or takes the one that is there with the indexes in it. The machine's own settings of
 * apt for downloads count: proxies, retries, `Check-Valid-Until`, passwords.
 *
 * @param parent the directory of all roots
 */
export async function aptRoot(
  host: Caller,
  parent: string,
  architecture: string,
  { sources, keyring }: Pick<PackagePlaces, 'sources' | 'keyring'>,
): Promise<AptRoot> {
  expectKeyring({ keyring });
  const trusted = keyring === undefined ? '' : createHash('sha256').update(readFileSync(keyring)).digest('hex');
  const id = createHash('sha256')
    .update(JSON.stringify([sources, architecture, trusted]))
    .digest('hex')
    .slice(0, 16);
  const directory = join(parent, id);
  for (const name of [
    'etc/apt.conf.d',
    'etc/sources.list.d',
    'etc/preferences.d',
    'lists/partial',
    'archives/partial',
    'state',
    'log',
    'none',
  ]) {
    await mkdir(join(directory, name), { recursive: true });
  }
  await writeFile(join(directory, 'status'), '');
  const root = { directory, architecture, keyring };
  await writeFile(
    join(directory, 'etc/sources.list.d/lock.sources'),
    sources
      .map(({ url, suite, components }) =>
        [
          'Types: deb',
          `URIs: ${url}`,
          `Suites: ${suite}`,
          ...(components.length > 0 ? [`Components: ${components.join(' ')}`] : []),
          `Architectures: ${architecture}`,
          ...(keyring === undefined ? [] : [`Signed-By: ${keyring}`]),
          '',
        ].join('\n'),
      )
      .join('\n'),
  );
  await writeFile(join(directory, 'apt.conf'), configuration(root, await ownSettings(host)));
  return root;
}

/** Removes the indexes: for those of another time. */
export async function forgetIndexes({ directory }: AptRoot): Promise<void> {
  await rm(join(directory, 'lists'), { recursive: true, force: true });
  await mkdir(join(directory, 'lists/partial'), { recursive: true });
}

/** A call of a program of apt in the root. */
export function aptCommand(root: AptRoot, program: 'apt-get' | 'apt-helper', args: readonly string[]): Command {
  return command(program, args, { env: { APT_CONFIG: join(root.directory, 'apt.conf') } });
}

function configuration({ directory, architecture, keyring }: AptRoot, settings: readonly string[]): string {
  const set = (name: string, value: string) => `${name} "${value}";`;
  const at = (name: string) => join(directory, name);
  return [
    ...settings,
    set('Dir', directory),
    set('Dir::Etc', at('etc')),
    set('Dir::State', at('state')),
    set('Dir::State::status', at('status')),
    set('Dir::State::lists', at('lists')),
    set('Dir::Cache', directory),
    set('Dir::Cache::archives', at('archives')),
    set('Dir::Log', at('log')),
    set('Dir::Etc::netrc', '/etc/apt/auth.conf'),
    set('Dir::Etc::netrcparts', '/etc/apt/auth.conf.d'),
    set('Dir::Etc::trusted', keyring === undefined ? '/etc/apt/trusted.gpg' : '/dev/null'),
    set('Dir::Etc::trustedparts', keyring === undefined ? '/etc/apt/trusted.gpg.d' : at('none')),
    set('APT::Architecture', architecture),
    `#clear APT::Architectures;`,
    `APT::Architectures { "${architecture}"; };`,
    set('APT::Sandbox::User', ''),
    set('APT::Update::Error-Mode', 'any'),
    set('Acquire::Languages', 'none'),
    set('Acquire::GzipIndexes', 'false'),
    set('Acquire::ForceHash', 'SHA256'),
    set('Debug::NoLocking', 'true'),
    set('Dir::Cache::pkgcache', 'pkgcache.bin'),
    set('Dir::Cache::srcpkgcache', 'srcpkgcache.bin'),
    '',
  ].join('\n');
}

/** The machine's own settings for downloads, as lines of a configuration. */
async function ownSettings(host: Caller): Promise<string[]> {
  const { stdout } = await run(host, command('apt-config', ['dump']));
  return stdout.split('\n').filter((line) => line.startsWith('Acquire::') && !notCopied.test(line));
}
