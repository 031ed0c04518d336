import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { command, follow, type Command, type Host } from '../../host/host.js';
import { sourceDateEpoch } from '../../host/source-date.js';
import { builderArchitecture } from '../../machine/acceleration.js';
import { architectureNamed } from '../../machine/architectures.js';
import { dateOf, type CompiledRepository } from '../compile-repository.js';
import type { PackageLock } from '../lock-file.js';

/** A tree that dnf makes of the packages of a lock. */
export interface RpmBootstrap {
  readonly lock: PackageLock;
  readonly repository: CompiledRepository;
  /** The archive that is made: its name ends in `.tar`. */
  readonly target: string;
  /** An empty directory for the tree and what dnf keeps beside it. */
  readonly scratch: string;
  /** Scripts that run in the finished tree, by `sh`; the tree is their root directory. */
  readonly scripts: readonly string[];
}

/** Where the distribution's own rpm looks for its database: Debian's has another place, in the home of whoever calls it. */
function databaseOf({ distribution }: PackageLock): string {
  return ['fedora', 'opensuse', 'sles'].includes(distribution) ? '/usr/lib/sysimage/rpm' : '/var/lib/rpm';
}

/**
 * The call that makes it. An ordinary user's runs in a namespace with subordinate ids, as root's does in one of mounts: what the scripts of
 * packages start ends with it. Times are no later than the lock, but for those in the databases of rpm and dnf, so that the same
 * lock gives the same files.
 */
export function rpmBootstrapCommand(wanted: RpmBootstrap, uid = process.getuid?.()): Command {
  const { lock, repository, target, scratch, scripts } = wanted;
  const dated = Math.floor(Date.parse(dateOf(lock)) / 1000);
  const latest = Math.min(dated, sourceDateEpoch() ?? Infinity);
  const tree = join(scratch, 'tree');
  const dnf = [
    ...['dnf', '--assumeyes', '--noplugins', `--installroot=${tree}`, '--releasever=0', '--setopt=reposdir=/dev/null'],
    ...[`--repofrompath=lock,file://${repository.directory}`, '--repo=lock', `--forcearch=${lock.architecture}`],
    ...['--setopt=install_weak_deps=False', '--setopt=lock.repo_gpgcheck=True', '--setopt=lock.gpgcheck=False'],
    ...[`--setopt=lock.gpgkey=file://${scratch}/key.asc`, '--setopt=keepcache=False', '--setopt=best=True'],
    'install',
    ...lock.packages.map(({ name, version, architecture }) => `${name}-${version}.${architecture}`),
  ];
  const archive = [
    ...['tar', '--create', '--file', target, '--format=pax', '--sort=name', '--numeric-owner', '--xattrs', '--acls'],
    ...['--pax-option=delete=atime,delete=ctime', `--mtime=@${latest}`, '--clamp-mtime', '--directory', tree, '.'],
  ];
  const lines = [
    // What an ordinary user could not remove outside of the namespace.
    `trap "rm -rf ${words([tree])}" EXIT`,
    `mkdir -p ${words([tree])}`,
    // Some of dnf's logs go to the directory of this name in the tree, others to that of this machine.
    'mount -t tmpfs none /var/log',
    `SOURCE_DATE_EPOCH=${dated} ${words(dnf)}`,
    ...scripts.map(
      (script) => `if [ -e ${words([join(tree, 'bin/sh')])} ]; then chroot ${words([tree, 'sh', '-euc', script])}; fi`,
    ),
    `cd ${words([tree])}`,
    // What the programs of this machine leave beside the packages.
    'rm -rf var/log/dnf*.log var/log/hawkey.log var/cache/dnf',
    'rm -f var/lib/rpm/*-shm usr/lib/sysimage/rpm/*-shm',
    words(archive),
  ];
  const user = uid === 0 ? [] : ['--user', '--map-root-user', '--map-auto'];
  const namespaces = [...user, '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL'];
  return {
    ...command('unshare', [...namespaces, 'sh', '-euc', lines.join('\n')], { env: { HOME: scratch } }),
    shown: `dnf --installroot=${tree} install # ${lock.packages.length} packages`,
  };
}

function words(all: readonly string[]): string {
  return all.map((each) => `'${each.replaceAll("'", "'\\''")}'`).join(' ');
}

/**
 * Makes a tree of exactly the packages of a lock, by dnf.
 *
 * @param key the text of the repository's public key
 * @throws Failure with the last lines of dnf
 */
export async function bootstrapRpm(host: Host, wanted: RpmBootstrap, key: string): Promise<void> {
  const { lock, scratch } = wanted;
  if (architectureNamed(lock.architecture)?.name !== builderArchitecture()?.name) {
    throw new Failure(
      `packages of ${lock.architecture} can't be installed on this machine: dnf would run their scripts`,
      {
        hint: `Build it on a machine of ${lock.architecture}.`,
      },
    );
  }
  await writeFile(join(scratch, 'key.asc'), key);
  await writeFile(join(scratch, '.rpmmacros'), `%_dbpath ${databaseOf(lock)}\n%_install_langs all\n`);
  const total = lock.packages.length;
  let done = 0;
  await follow(
    host,
    rpmBootstrapCommand(wanted),
    (line) => {
      if (/^ {2}Installing +: /.test(line)) {
        host.log.progress({ text: 'Installing packages', fraction: Math.min(1, ++done / total) });
      }
      host.log.debug(line);
    },
    { killSignal: 'SIGTERM', killAfter: 60_000 },
  );
}
