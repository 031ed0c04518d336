import { readFile } from 'node:fs/promises';
import type { TextScreen } from '../machine/firmware.js';
import { ConsoleLog } from '../machine/console-log.js';
import { Failure } from '../host/failure.js';
import type { Libvirt } from '../machine/libvirt.js';
import { SignWatch, type Seen } from '../machine/sign-watch.js';
import { signsOf } from '../machine/signs/signs.js';
import { withoutEmptyLines } from '../machine/terminal-screen.js';
import type { Machine } from '../machine/virtual-machine.js';
import { WatchedConsole } from '../machine/watched-console.js';
import { GuestCommands } from './guest-commands.js';
import { sshBanner } from './ssh-banner.js';
import { readCells, textOfCells } from './text-screen.js';

/** Lines of a screen that are shown in a message. */
const shownLines = 25;

/** A machine that boots, as it looks from outside. */
export class Guest {
  readonly #libvirt: Libvirt;
  readonly #domain: string;
  readonly #log: ConsoleLog;
  readonly #textScreen: TextScreen | undefined;
  readonly #serial = new WatchedConsole(signsOf('boot test'));
  readonly #screen = new SignWatch(signsOf('boot test'));
  #serialSpoke = false;
  #vga: readonly string[] = [];
  #sshPort: number | undefined;

  constructor(libvirt: Libvirt, { domain, consoleLog, hardware }: Machine) {
    this.#libvirt = libvirt;
    this.#domain = domain;
    this.#log = new ConsoleLog(consoleLog);
    this.#textScreen = hardware.firmware.textScreen;
  }

  /** Looks at the serial console and at the screen; says why the machine stands still, if it does. */
  async look(): Promise<string | undefined> {
    const state = await this.#libvirt.state(this.#domain);
    if (state?.state === 'running' && this.#textScreen) {
      const printed = await this.#libvirt.monitor(this.#domain, readCells(this.#textScreen));
      this.#vga = textOfCells(this.#textScreen, printed);
      this.#screen.look({ lines: this.#vga, lineAtCursor: this.#vga.at(-1) ?? '' }, performance.now());
    }
    // Last: what the machine said before it ended is read as well.
    const output = await this.#log.read();
    this.#serialSpoke ||= output.length > 0;
    await this.#serial.write(output, performance.now());
    if (state === undefined) return 'the machine powered itself off';
    return state.state === 'running' ? undefined : `the machine is not running: ${state.state} (${state.reason})`;
  }

  /** Whether the serial console has shown anything since the machine was started. */
  get serialSpoke(): boolean {
    return this.#serialSpoke;
  }

  /** The sign, on the serial console or the screen, that the machine will never come up by itself. */
  deadEnd(): Seen | undefined {
    const now = performance.now();
    return this.#serial.endAt(now) ?? this.#screen.endAt(now);
  }

  /** What was seen of trouble: each failed unit, and of each other kind the last line. */
  get troubles(): readonly Seen[] {
    return this.#serial.troubles;
  }

  /** What stands on the serial console and on the screen. */
  lines(): string[] {
    return [...this.#serial.screen.lines(), ...this.#vga];
  }

  /** The last screen for a message: the serial console, or the screen where that shows nothing. */
  lastScreen(): string {
    return this.#serial.screen.text() || withoutEmptyLines(this.#vga.slice(-shownLines));
  }

  /**
   * The port of the loopback interface that leads to the guest's ssh port. The kernel chooses a free one.
   *
   * @throws Failure if QEMU's answer tells none
   */
  async sshPort(): Promise<number> {
    this.#sshPort ??= await this.#forwardSsh();
    return this.#sshPort;
  }

  async #forwardSsh(): Promise<number> {
    const refusal = await this.#libvirt.monitor(this.#domain, 'hostfwd_add hostnet0 tcp:127.0.0.1:0-:22');
    const network = await this.#libvirt.monitor(this.#domain, 'info usernet');
    const port = /HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+22\b/.exec(network)?.[1];
    if (port === undefined) throw new Failure(`QEMU forwards no port to the guest's ssh port: ${refusal.trim()}`);
    return Number(port);
  }

  /** What an SSH server in the guest says first, if one answers. */
  async sshBanner(signal: AbortSignal): Promise<string | undefined> {
    return sshBanner(await this.sshPort(), signal);
  }

  async agentAnswers(): Promise<boolean> {
    return this.#libvirt.pingAgent(this.#domain);
  }

  /** Programs that qemu-guest-agent runs in the guest. */
  get commands(): GuestCommands {
    return new GuestCommands(this.#libvirt, this.#domain);
  }

  /**
   * Keeps what the screen shows as a PNG.
   *
   * @throws Failure if it can't be had in that format
   */
  async screenshot(file: string): Promise<void> {
    await this.#libvirt.screenshot(this.#domain, file);
    const signature = (await readFile(file).catch(() => Buffer.alloc(0))).subarray(1, 4).toString('latin1');
    if (signature !== 'PNG') throw new Failure('this version of QEMU or libvirt does not write PNG');
  }
}
