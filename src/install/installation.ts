import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { dirname } from 'node:path';
import { Failure, indented } from '../host/failure.js';
import { run, type Host } from '../host/host.js';
import { removeLog } from '../machine/console-log.js';
import { Libvirt } from '../machine/libvirt.js';
import { silentLog } from '../host/log.js';
import { TimeLimit } from '../host/time-limit.js';
import { nvramCommands, startPatience } from '../machine/virtual-machine.js';
import { troublesOf, type Seen } from '../machine/sign-watch.js';
import { followConsole } from './installer-console.js';
import { virtInstallCommand, type Installation } from './virt-install.js';

/**
 * Runs an installation from the start of its virtual machine to its power-off. Removes the domain in any case.
 *
 * @param timeout milliseconds for the whole installation
 * @throws Failure with the last screen of the console, if the installation does not end by powering off in time
 */
export async function install(
  host: Host,
  libvirt: Libvirt,
  installation: Installation,
  timeout: number,
): Promise<void> {
  const { domain, consoleLog, nvram } = installation.machine;
  // What an earlier build printed must not be taken for this one's.
  await removeLog(consoleLog);
  const release = async () => {
    await libvirt.remove(domain, installation.disk);
    await libvirt.forgetPool(dirname(installation.disk));
    await rm(nvram, { force: true });
  };
  const byHand = libvirt.removalByHand(domain);
  const removeDomain = host.release.hold(`the virtual machine ${domain}`, release, byHand);
  const limit = new TimeLimit(timeout, host.signal);
  const watched = followConsole(consoleLog, (progress) => host.log.progress(progress), limit.signal);
  void watched.then(
    ({ sign }) => sign && limit.end(),
    () => limit.end(),
  );

  let diskFull = false;
  void diskError(host, libvirt.uri, domain, limit.signal).then((happened) => {
    diskFull = happened;
    if (happened) limit.end();
  });

  let failure: Failure | undefined;
  try {
    for (const called of nvramCommands(installation.machine)) await run(host, called);
    await run(host, virtInstallCommand(installation), {
      signal: limit.signal,
      // virt-install clears up after Ctrl-C, not after SIGTERM.
      killSignal: 'SIGINT',
      killAfter: startPatience,
      // Ctrl-C on the terminal would reach it as well, and a second one while it clears up.
      session: 'own',
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    failure = error;
  } finally {
    limit.end();
  }

  const { sign, complete, troubles, screen } = await watched;
  const state = await libvirt.state(domain);
  // What an installer does that is told to halt: it is as done as one that powers off.
  if (sign?.sign.kind === 'halted' && complete) {
    await removeDomain();
    host.log.info('The installer finished, and halted instead of powering off: stopped its virtual machine');
    return;
  }
  const why = sign
    ? meaning(sign)
    : diskFull
      ? `the virtual machine is paused, because its disk ${installation.disk} can't be written: is the file system full?`
      : failure && limit.reached
        ? `the installation did not finish within ${Math.round(timeout / 1000)} seconds (option 'timeout')`
        : (withoutLibvirt(failure) ??
          failure?.message ??
          (state && badEnds.has(state.reason)
            ? `the virtual machine ended as '${state.state} (${state.reason})', not by its own power-off`
            : undefined));
  // Where there is a reason already, it counts more; the release stack tries again.
  await removeDomain().catch((error: unknown) => {
    if (why === undefined) throw error;
  });
  if (why === undefined) return;
  const shown = screen ? `\nThe console's last screen:\n${indented(screen)}` : '';
  throw new Failure(`${why}${troublesOf(troubles)}${shown}`, {
    hint: [
      sign?.sign.advice,
      ...troubles.map((trouble) => trouble.sign.advice),
      mediumAdvice(installation, failure),
      existsSync(consoleLog) ? `The whole console is in ${consoleLog}.` : undefined,
    ]
      .filter((advice, index, all) => advice !== undefined && all.indexOf(advice) === index)
      .join(' '),
    cause: failure,
  });
}

/** What a sign on the installer's console means, for people. */
function meaning({ sign, text }: Seen): string {
  switch (sign.kind) {
    case 'panic':
      return `the installer's kernel panicked${/not syncing(:.*)/.exec(text)?.[1] ?? ''}`;
    case 'halted':
      return 'the installer halted its machine before it reported that it is done';
    case 'shell':
      return `the installer can't go on: ${sign.means}`;
    case 'failure':
      return text.includes('image-factory:') ? sign.means : `${sign.means} ('${text}')`;
    default:
      return sign.means;
  }
}

/** virt-install looks for kernel and initrd only where osinfo says, or where its own list of distributions does. */
function mediumAdvice({ location }: Installation, failure: Failure | undefined): string | undefined {
  const unknown = /Couldn't find kernel for install tree|Could not find an installable distribution/;
  if (location.kind !== 'medium' || location.boot !== undefined || !unknown.test(failure?.message ?? ''))
    return undefined;
  return `virt-install does not know this medium: set linux and initrd to the paths of kernel and initrd in it, as 'xorriso -indev ${location.file} -find / -name "*vmlinuz*"' tells, such as casper/vmlinuz and casper/initrd.`;
}

/** virt-install repeats what libvirt's client says when the daemon is gone (libvirt's src/rpc/virnetsocket.c). */
function withoutLibvirt(failure: Failure | undefined): string | undefined {
  return failure &&
    /Cannot (write|recv) data|End of file while reading data|client socket is closed/.test(failure.message)
    ? "libvirt stopped during the installation: see 'journalctl -u libvirtd', or 'dmesg' if the kernel killed it for lack of memory"
    : undefined;
}

/** Milliseconds between two looks at the virtual machine. */
const lookEvery = 10_000;

/** QEMU stops a guest whose disk can't be written, and it would stand there until its time is up. */
async function diskError(host: Host, uri: string, domain: string, signal: AbortSignal): Promise<boolean> {
  const libvirt = new Libvirt({ ...host, signal, log: silentLog }, uri);
  try {
    for (;;) {
      await sleep(lookEvery, undefined, { signal });
      if ((await libvirt.state(domain))?.reason === 'I/O error') return true;
    }
  } catch {
    // The installation is over, or libvirt does not answer, which shows elsewhere.
    return false;
  }
}

/**
 * How a domain ends that did not power itself off, in libvirt's words. A good end is `shutdown`, or `unknown` where the
 * guest was done before libvirt had finished starting it.
 */
const badEnds: ReadonlySet<string> = new Set(['crashed', 'destroyed', 'failed']);
