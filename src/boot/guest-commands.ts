import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../host/failure.js';
import type { Libvirt } from '../machine/libvirt.js';

/** What a program in the guest came to. */
export interface GuestResult {
  readonly exitCode: number;
  readonly stdout: string;
}

/** QEMU Guest Agent Protocol Reference, guest-exec-status. */
interface ExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  /** base64 */
  readonly 'out-data'?: string;
}

/** Milliseconds between two questions whether a program has ended. */
const lookInterval = 200;

/** Programs that qemu-guest-agent runs in the guest, as root. */
export class GuestCommands {
  constructor(
    private readonly libvirt: Libvirt,
    private readonly domain: string,
  ) {}

  /**
   * Runs a program to its end.
   *
   * @returns undefined where there is no such program
   * @throws ExecRefused where the agent is set up to run none
   * @throws AgentSilent where the agent does not answer (any more)
   */
  async run(path: string, args: readonly string[]): Promise<GuestResult | undefined> {
    const pid = await this.#start(path, args);
    if (pid === undefined) return undefined;
    for (;;) {
      const status = (await this.#ask('guest-exec-status', { pid })) as ExecStatus;
      if (status.exited) {
        const stdout = Buffer.from(status['out-data'] ?? '', 'base64').toString();
        // One that a signal ended has no exit code.
        return { exitCode: status.exitcode ?? 255, stdout };
      }
      await sleep(lookInterval);
    }
  }

  async #start(path: string, args: readonly string[]): Promise<number | undefined> {
    try {
      const started = await this.#ask('guest-exec', { path, arg: args, 'capture-output': true });
      return (started as { readonly pid: number }).pid;
    } catch (error) {
      if (!(error instanceof AgentSilent)) throw error;
      // qga/main.c and qapi/qmp-dispatch.c of QEMU: the texts differ between versions.
      if (/guest-exec has been (disabled|blocked)|has been disabled for this instance/.test(error.message)) {
        throw new ExecRefused();
      }
      // qga/commands.c: glib's text
      if (/No such file or directory/.test(error.message)) return undefined;
      throw error;
    }
  }

  async #ask(command: string, args: object): Promise<unknown> {
    try {
      return await this.libvirt.askAgent(this.domain, command, args);
    } catch (error) {
      throw error instanceof Failure ? new AgentSilent(error.message) : error;
    }
  }
}

/** The agent gives no answer to a command, or none that is of use. */
export class AgentSilent extends Failure {}

/** The agent answers, and is set up to run no programs. */
export class ExecRefused extends Failure {
  constructor() {
    super('qemu-guest-agent answers, but is set up not to run programs (guest-exec)', {
      hint: "Red Hat's family refuses it: /etc/sysconfig/qemu-ga in the image. Allow guest-exec there, or ask by SSH: boot-test = ssh -p %p … root@%h systemctl is-system-running --wait",
    });
  }
}
