import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ReleaseStack } from '../src/host/release-stack.js';
import { silentLog } from '../src/host/log.js';
import { makeBuildKey } from '../src/packages/build-key.js';
import { compileRepository } from '../src/packages/compile-repository.js';
import { readLock, type PackageLock } from '../src/packages/lock-file.js';
import { aptMirrorUrl } from '../test/e2e/apt-mirror.js';
import { alternate, measure } from './measure.js';
import { save, workDirectory, type Result, type Row } from './result.js';
import { ourProgram } from './rival.js';

export const scratch = join(workDirectory, 'packages');

/** The files of all packages, by their sums. */
export const pool = join(scratch, 'cache/.packages/pool');
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The indexes of Debian 13 on this machine, so that no network is measured. */
const mirror = join(scratch, 'mirror');

/** Package locks beside apt, and an archive for containers beside mmdebstrap's, of the same packages. As root. */
export async function packages(rounds: number, say: (line: string) => void): Promise<Result> {
  await prepare(say);
  return withHost(async (host) =>
    save('packages', [...(await lockRows(rounds, say)), ...(await archiveRows(host, say))]),
  );
}

export async function withHost<T>(action: (host: BenchHost) => Promise<T>): Promise<T> {
  const host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  try {
    return await action(host);
  } finally {
    await host.release.releaseAll(host.log);
  }
}

const configuration = join(scratch, 'my.conf');
export const ours = (...words: string[]): [string, ...string[]] => [ourProgram, ...words, '--config', configuration];

export async function prepare(say: (line: string) => void): Promise<void> {
  await mkdir(join(mirror, 'dists/trixie/main/binary-amd64'), { recursive: true });
  const url = await aptMirrorUrl();
  for (const path of ['dists/trixie/InRelease', 'dists/trixie/main/binary-amd64/Packages.xz']) {
    if (existsSync(join(mirror, path))) continue;
    say(`fetching ${path}`);
    const answer = await fetch(`${url}/${path}`);
    if (!answer.ok) throw new Error(`${url}/${path}: ${answer.status}`);
    await writeFile(join(mirror, path), Buffer.from(await answer.arrayBuffer()));
  }
  const common = `image-size = 2G\nboot-test = off\npackage-keyring = ${keyring}\ncache_dir = ${scratch}/cache\nstore-dir = ${scratch}/store\noutput-dir = ${scratch}/out\n`;
  await writeFile(
    configuration,
    `[server]\nlike = trixie\ngroup = server\npackage-sources = ${url} trixie main\n${common}[jeos]\nlike = server\ngroup = container\noptions = !kernel\n[indexes]\nlike = server\npackage-sources = file:${mirror} trixie main\n`,
  );
  for (const image of ['server', 'jeos']) {
    if (!existsSync(join(scratch, `locks/${image}.json`))) await execa('env', ours('lock', image));
  }
}

async function lockRows(rounds: number, say: (line: string) => void): Promise<Row[]> {
  const { request } = lockOf('server');
  const apt = join(scratch, 'apt');
  for (const name of ['etc/apt.conf.d', 'etc/preferences.d', 'lists/partial', 'archives/partial', 'state', 'log']) {
    await mkdir(join(apt, name), { recursive: true });
  }
  await writeFile(join(apt, 'status'), '');
  await writeFile(join(apt, 'etc/sources.list'), `deb [arch=amd64 signed-by=${keyring}] file:${mirror} trixie main\n`);
  const at = (name: string, path: string) => `${name} "${join(apt, path)}";\n`;
  await writeFile(
    join(apt, 'apt.conf'),
    [
      ...[at('Dir', ''), at('Dir::Etc', 'etc'), at('Dir::State', 'state'), at('Dir::State::status', 'status')],
      ...[at('Dir::State::lists', 'lists'), at('Dir::Cache', ''), at('Dir::Log', 'log')],
      'APT::Architecture "amd64"; APT::Architectures { "amd64"; }; Acquire::Languages "none"; APT::Sandbox::User "";\n',
    ].join(''),
  );
  const call = `apt-get -q update >/dev/null && exec apt-get -s --no-install-recommends install ${['?essential', ...request.packages].map((name) => `'${name}'`).join(' ')}`;
  const measured = await alternate(rounds, {
    ours: (round) => {
      say(`packages: lock, round ${round + 1} of ${rounds}`);
      return measure({ command: ours('lock', 'indexes', '--update', '--no-fetch'), cwd: scratch });
    },
    apt: () => measure({ command: ['sh', '-c', call], env: { APT_CONFIG: join(apt, 'apt.conf') } }),
  });
  return [
    row(
      'packages',
      'lock of a Debian server (beside apt-get update, apt-get -s)',
      's',
      measured.ours.wall,
      measured.apt.wall,
      2,
    ),
    row('packages', 'the same, CPU', 's', measured.ours.cpu, measured.apt.cpu),
  ];
}

async function archiveRows(host: BenchHost, say: (line: string) => void): Promise<Row[]> {
  const lock = lockOf('jeos');
  const repository = await repositoryOf(host, lock);
  const other = join(scratch, 'jeos.tar.zst');
  await rm(other, { force: true });
  say('packages: an archive for containers');
  await execa('env', ours('jeos', '--locked'), { cwd: scratch });
  const image = (await readdir(join(scratch, 'out'))).find((name) => /^jeos-[\d-]+\.tar\.zst$/.test(name)) ?? '';
  await execa('mmdebstrap', [
    ...['--quiet', '--mode=root', '--variant=essential', `--include=${listOf(lock)}`],
    ...['trixie', other, `deb [trusted=yes] copy:${repository} trixie main`],
  ]);
  const sizes = await Promise.all([stat(join(scratch, 'out', image)), stat(other)]);
  for (const name of ['store', 'out', 'jeos.tar.zst']) await rm(join(scratch, name), { recursive: true, force: true });
  return [
    row('packages', "an archive for containers, size (beside mmdebstrap's)", 'MiB', sizes[0].size, sizes[1].size, 1),
  ];
}

export type BenchHost = Parameters<typeof compileRepository>[0];

export function lockOf(image: string): PackageLock {
  const lock = readLock(join(scratch, `locks/${image}.json`));
  if (lock === undefined) throw new Error(`there is no lock of ${image}`);
  return lock;
}

/** What mmdebstrap installs from. */
async function repositoryOf(host: BenchHost, lock: PackageLock): Promise<string> {
  const directory = join(scratch, `repository-${lock.image}`);
  await rm(directory, { recursive: true, force: true });
  await compileRepository(host, { lock, pool, directory, suite: 'trixie', key: await makeBuildKey(host) });
  return directory;
}

export function listOf({ packages: locked }: PackageLock): string {
  return locked
    .filter(({ why }) => why !== 'essential')
    .map(({ name }) => name)
    .join(',');
}

function row(bench: string, what: string, unit: Row['unit'], own: number, rival: number, goal?: number): Row {
  return { bench, what, unit, ours: own, rival, goal };
}
