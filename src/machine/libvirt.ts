import { accessSync, constants, existsSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { quote } from 'shlex';
import { startDaemon } from '../host/daemon.js';
import { Failure } from '../host/failure.js';
import { homeDirectory } from '../host/home-directory.js';
import { command, insistently, run, type Caller, type Command, type Host } from '../host/host.js';

/** How a domain came to stand still, in libvirt's words: `shut off (shutdown)`. */
export interface DomainState {
  readonly state: string;
  readonly reason: string;
}

/** One libvirt connection, through virsh. */
export class Libvirt {
  readonly #host: Host;

  constructor(
    host: Host,
    readonly uri: string,
  ) {
    this.#host = host;
  }

  /**
   * Makes sure that the connection answers. As a normal user libvirt starts its own daemon; as root, on a machine
   * without a service manager (a container, a minimal chroot), the daemons must be started here: they
   * end by themselves when idle, as in session mode, and not before the host's release stack lets them.
   *
   * @throws Failure with libvirt's own words and what to do
   */
  async ensureReachable(): Promise<void> {
    await this.#reach(this.#host);
  }

  async #reach(caller: Caller): Promise<void> {
    if (this.#startsDaemonsItself()) await this.#startDaemons(caller);
    const { exitCode, stderr } = await run(caller, this.#virsh('version'), { accept: [1], timeLimit: probeTimeout });
    if (exitCode === 0) return;
    throw new Failure(`libvirt does not answer at ${this.uri}: ${stderr.trim()}`, {
      hint:
        process.getuid?.() === 0
          ? 'Install libvirt-daemon-system, and start it with: systemctl start libvirtd'
          : 'Install libvirt-daemon-system and libvirt-clients; qemu:///session needs a writable home directory.',
    });
  }

  async #startDaemons(caller: Caller): Promise<void> {
    for (const daemon of ['virtlogd', 'libvirtd'] as const) {
      if (await this.#keepAwake(daemon)) continue;
      // A daemon that runs already says so with exit code 1; whether all is well shows when libvirt is asked.
      await startDaemon(caller, daemon, ['--daemon', '--timeout', idleSeconds], [1]);
      await this.#keepAwake(daemon);
    }
  }

  /**
   * Connects to a daemon, which then is not idle: it would end during a long download, or while libvirt asks QEMU for
   * its abilities, and the domain would not start.
   */
  async #keepAwake(daemon: string): Promise<boolean> {
    const socket = connect(`/run/libvirt/${daemon}-sock`).unref();
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).on('error', () => resolve(false));
    });
    if (connected) this.#host.release.hold(`the connection to ${daemon}`, () => void socket.destroy());
    return connected;
  }

  #startsDaemonsItself(): boolean {
    const local = /^qemu:\/\/\/(system|session)$/.test(this.uri);
    return local && process.getuid?.() === 0 && !existsSync('/run/systemd/system');
  }

  /** undefined if there is no such domain. */
  async state(domain: string): Promise<DomainState | undefined> {
    const { stdout, exitCode } = await run(this.#host, this.#virsh('domstate', '--reason', domain), { accept: [1] });
    const match = /^(.+) \((.+)\)$/m.exec(stdout.trim());
    return exitCode === 0 && match ? { state: match[1] ?? '', reason: match[2] ?? '' } : undefined;
  }

  /** What QEMU's monitor says to a line of its human language; empty if the domain is gone. */
  async monitor(domain: string, line: string): Promise<string> {
    const called = this.#virsh('qemu-monitor-command', domain, '--hmp', line);
    const { stdout } = await run(this.#host, called, { accept: [1] });
    return stdout;
  }

  /** Whether qemu-guest-agent answers in the domain. */
  async pingAgent(domain: string): Promise<boolean> {
    const ping = JSON.stringify({ execute: 'guest-ping' });
    const called = this.#virsh('qemu-agent-command', domain, ping, '--timeout', agentTimeout);
    const { exitCode } = await run(this.#host, called, { accept: [1] });
    return exitCode === 0;
  }

  /**
   * What qemu-guest-agent in the domain returns to a command of its protocol.
   *
   * @throws Failure with its own words where it does not take the command, and where none answers
   */
  async askAgent(domain: string, execute: string, args: object): Promise<unknown> {
    const question = JSON.stringify({ execute, arguments: args });
    const { stdout } = await run(
      this.#host,
      this.#virsh('qemu-agent-command', domain, question, '--timeout', agentTimeout),
    );
    return (JSON.parse(stdout) as { readonly return?: unknown }).return;
  }

  /**
   * Writes what the domain's screen shows to a file, as QEMU makes it: a PNG since QEMU 7.1 and libvirt 8.4.
   *
   * @throws Failure if the domain is gone
   */
  async screenshot(domain: string, file: string): Promise<void> {
    await run(this.#host, this.#virsh('screenshot', domain, file));
  }

  /**
   * Makes sure that domains can get these names: two builds of an image on one day want the same, also where they work in
   * different directories.
   *
   * @throws Failure naming the domain that has one
   */
  async expectFree(names: readonly string[]): Promise<void> {
    const { stdout } = await run(this.#host, this.#virsh('list', '--all', '--name'));
    const taken = stdout.split('\n').find((name) => names.includes(name.trim()));
    if (taken === undefined) return;
    throw new Failure(`there is already a virtual machine called ${taken} (virsh -c ${this.uri} domblklist ${taken})`, {
      hint: `If another build of the image is running, wait for it to finish. Otherwise remove the virtual machine: virsh -c ${this.uri} destroy ${taken}; virsh -c ${this.uri} undefine --nvram ${taken}`,
    });
  }

  /**
   * Powers a domain off and forgets it, whatever state it is in, also after the build was told to stop, and where
   * libvirt's daemon has ended. A domain of that name with another disk is not ours, and stays.
   *
   * @throws Failure where libvirt does not answer, or the domain is still there afterwards
   */
  async remove(domain: string, disk: string): Promise<void> {
    const caller = insistently(this.#host);
    await this.#reach(caller);
    if (!(await this.#usesDisk(caller, domain, disk))) return;
    const known = await run(caller, this.#virsh('domstate', domain), { accept: [1] });
    const gone =
      known.stdout.trim() === 'shut off' ? known : await run(caller, this.#virsh('destroy', domain), { accept: [1] });
    // A transient domain is gone with its power; only a persistent one is left to undefine.
    if (!(await this.#usesDisk(caller, domain, disk))) return;
    const { stdout: description } = await run(caller, this.#virsh('dumpxml', domain), { accept: [1] });
    // libvirt keeps a domain whose firmware has variables, unless it is told what to do with them.
    const variables = description.includes('<nvram') ? ['--nvram'] : [];
    const forgotten = await run(caller, this.#virsh('undefine', ...variables, domain), { accept: [1] });
    if (!(await this.#usesDisk(caller, domain, disk))) return;
    const why = [gone, forgotten].map(({ stderr }) => stderr.trim()).filter((said) => said !== '');
    throw new Failure(`the virtual machine ${domain} is still there: ${why.join(' ')}`);
  }

  /** The commands by which the user removes a domain. */
  removalByHand(domain: string): string {
    return ['destroy', 'undefine --nvram']
      .map((verb) => `virsh -c ${quote(this.uri)} ${verb} ${quote(domain)}`)
      .join('; ');
  }

  /** Asks for all domains: to a question for one, virsh says with the same exit code that there is none and that it can't connect. */
  async #usesDisk(caller: Caller, domain: string, disk: string): Promise<boolean> {
    const { stdout } = await run(caller, this.#virsh('list', '--all', '--name'));
    if (!stdout.split('\n').some((name) => name.trim() === domain)) return false;
    const blocks = await run(caller, this.#virsh('domblklist', domain), { accept: [1] });
    return blocks.stdout.split('\n').some((line) => line.trimEnd().endsWith(` ${disk}`));
  }

  /**
   * Forgets the storage pool that virt-install makes, without being asked, of a disk's directory. The directory and
   * what is in it stay.
   */
  async forgetPool(directory: string): Promise<void> {
    const host = insistently(this.#host);
    const { stdout } = await run(host, this.#virsh('pool-list', '--all', '--name'));
    // The pool is called as its directory; a number follows where that name was taken.
    const named = stdout
      .split('\n')
      .map((line) => line.trim())
      .filter((name) => name.startsWith(basename(directory)));
    for (const pool of named) {
      const { stdout: description } = await run(host, this.#virsh('pool-dumpxml', pool), { accept: [1] });
      if (!description.includes(`<path>${directory}</path>`)) continue;
      await run(host, this.#virsh('pool-destroy', pool), { accept: [1] });
      await run(host, this.#virsh('pool-undefine', pool), { accept: [1] });
    }
  }

  #virsh(...args: string[]): Command {
    return virshCommand(this.uri, ...args);
  }
}

export function virshCommand(uri: string, ...args: string[]): Command {
  return command('virsh', ['-c', uri, ...args], { env: libvirtEnvironment() });
}

/** Milliseconds for an answer: a libvirt that probes QEMU first takes up to two minutes. */
const probeTimeout = 5 * 60_000;

/** Seconds in which an agent must answer that is there. */
const agentTimeout = '5';

/** Seconds without a client or a running domain after which the daemons started here end. */
const idleSeconds = '120';

/**
 * Session mode keeps its socket below XDG_RUNTIME_DIR. Where that is not set or names a directory that is not there (a
 * cron job, su, a CI agent), libvirt takes the cache directory instead: said aloud, so that every program that we call
 * finds the same daemon, whatever else its environment says.
 */
export function libvirtEnvironment(
  runtimeDirectory = process.env.XDG_RUNTIME_DIR,
  cacheDirectory = process.env.XDG_CACHE_HOME ?? join(homeDirectory() ?? '/', '.cache'),
): Record<string, string> {
  try {
    if (runtimeDirectory === undefined) return { XDG_RUNTIME_DIR: cacheDirectory };
    accessSync(runtimeDirectory, constants.W_OK);
    return {};
  } catch {
    return { XDG_RUNTIME_DIR: cacheDirectory };
  }
}
