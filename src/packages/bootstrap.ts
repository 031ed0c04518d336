import { Failure } from '../host/failure.js';
import { command, follow, type Command, type Host } from '../host/host.js';
import { sourceDateEpoch } from '../host/source-date.js';
import { builderArchitecture } from '../machine/acceleration.js';
import { architectureNamed } from '../machine/architectures.js';
import { dateOf, type CompiledRepository } from './compile-repository.js';
import { finishKernels, setupHook } from './kernel-scripts.js';
import type { PackageLock } from './lock-file.js';

/** A tree that is made of the packages of a lock. */
export interface Bootstrap {
  readonly lock: PackageLock;
  readonly repository: CompiledRepository;
  /** Where it is served: `http://127.0.0.1:PORT`; or `copy:DIRECTORY`, for who can read that as root of the tree. */
  readonly url: string;
  /** What is made: a directory, or an archive whose name ends in `.tar`. */
  readonly target: string;
  /** 'root' where the process may mount, and is root of the tree's owners (default: as mmdebstrap finds it). */
  readonly mode?: 'root';
  /** Scripts that run in the finished tree, by `sh`; the tree is their root directory. */
  readonly scripts: readonly string[];
}

/**
 * The call of mmdebstrap(1). It needs no root: an ordinary user's runs in a namespace with subordinate ids. An archive has no
 * device nodes, which a system makes when it starts; and no later times than the lock, so that it is always the same.
 */
export function bootstrapCommand({ lock, repository, url, target, mode, scripts }: Bootstrap): Command {
  const essential = new Set(lock.packages.filter(({ why }) => why === 'essential').map(({ name }) => name));
  const others = lock.packages.filter(({ name }) => !essential.has(name));
  const nameOf = ({ name, architecture }: PackageLock['packages'][number]) =>
    architecture === 'all' || architecture === lock.architecture ? name : `${name}:${architecture}`;
  // In variables: mmdebstrap prints a hook that fails, and arguments are seen by every user of the machine.
  const inTree = Object.fromEntries(
    [finishKernels, ...scripts].map((script, index) => [`IMAGE_FACTORY_SCRIPT_${index}`, script]),
  );
  const words = [
    `--mode=${mode ?? 'auto'}`,
    '--variant=essential',
    `--architectures=${lock.architecture}`,
    `--include=${others.map(nameOf).join(',')}`,
    `--aptopt=Apt::Install-Recommends "false"`,
    `--setup-hook=${setupHook}`,
    '--skip=output/dev',
    '--skip=check/empty',
    ...Object.keys(inTree).map((name) => `--customize-hook=chroot "$1" sh -euc "$${name}"`),
    repository.suite,
    target,
    `deb [signed-by=${repository.keyring}] ${url} ${repository.suite} main`,
  ];
  // A tree of the store is the same whatever SOURCE_DATE_EPOCH is; who writes an archive of it lowers its times.
  const latest = target.endsWith('.tar') ? Math.min(latestTime(lock), sourceDateEpoch() ?? Infinity) : latestTime(lock);
  const env = { SOURCE_DATE_EPOCH: String(latest), ...inTree };
  return {
    ...command('mmdebstrap', words, { env }),
    shown: `mmdebstrap ${repository.suite} ${target} # ${lock.packages.length} packages`,
  };
}

/** No time in the tree is later: that of the lock. Seconds since 1970. */
export function latestTime(lock: PackageLock): number {
  return Math.floor(Date.parse(dateOf(lock)) / 1000);
}

/**
 * Makes a tree of exactly the packages of a lock.
 *
 * @throws Failure with the last lines of mmdebstrap
 */
export async function bootstrap(host: Host, wanted: Bootstrap): Promise<void> {
  const { lock } = wanted;
  const total = lock.packages.length;
  let done = 0;
  const listen = (line: string) => {
    const found = /^(?:Setting up|Unpacking) (\S+)/.exec(line)?.[1];
    if (found !== undefined) {
      host.log.progress({ text: 'Installing packages', fraction: Math.min(1, ++done / (2 * total)) });
    }
    host.log.debug(line);
  };
  try {
    await follow(host, bootstrapCommand(wanted), listen, { killSignal: 'SIGINT', killAfter: 60_000 });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const isForeign = architectureNamed(lock.architecture)?.name !== builderArchitecture()?.name;
    throw new Failure(error.message, {
      hint: isForeign
        ? `Packages of ${lock.architecture} run by QEMU here: install qemu-user-static and arch-test, and see that binfmt_misc is mounted.`
        : error.hint,
      cause: error,
    });
  }
}
