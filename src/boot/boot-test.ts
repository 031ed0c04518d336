import { chown, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, indented } from '../host/failure.js';
import { command, run, type Command, type Host } from '../host/host.js';
import { silentLog } from '../host/log.js';
import { TimeLimit } from '../host/time-limit.js';
import { removeLog } from '../machine/console-log.js';
import { Libvirt, libvirtEnvironment } from '../machine/libvirt.js';
import {
  diskArguments,
  machineArguments,
  withoutAgentChannel,
  nvramCommands,
  startPatience,
  type Hardware,
  type Machine,
} from '../machine/virtual-machine.js';
import { troublesOf } from '../machine/sign-watch.js';
import { Guest } from './guest.js';
import { GuestCommands } from './guest-commands.js';
import { failedUnits } from './health.js';
import { prove, proofOf, type Demand } from './proof.js';

export interface BootTest {
  readonly machine: Machine;
  /** The finished image; it is only read. */
  readonly image: string;
  /** As qemu-img calls it. */
  readonly format: string;
  /** Where what the machine writes goes, until it is thrown away; QEMU must be able to reach the directory. */
  readonly overlay: string;
  /** Where the last screen is kept, a PNG. */
  readonly screenshot: string;
  /** Where virt-install may keep files. */
  readonly scratchDirectory: string;
  readonly demand: Demand;
  /** Milliseconds, from the start of the machine. */
  readonly timeout: number;
}

/** How often the machine is looked at, in milliseconds. */
const lookInterval = 1000;

/** The commands that start the machine. Its disk is an overlay, so that the image does not change. */
export function bootCommands({
  machine,
  image,
  format,
  overlay,
  scratchDirectory,
  demand,
}: BootTest): [...Command[], Command] {
  return [
    ...nvramCommands(machine),
    command('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', format, '-b', image, overlay]),
    command(
      'virt-install',
      [
        ...machineArguments(machine),
        '--import',
        '--transient',
        ...diskArguments(overlay, 'qcow2', machine.hardware.devices.disk),
        // A screen for the screenshot, without any network access to it.
        ...['--graphics', 'none', '--video', machine.hardware.architecture.video],
        // Only where it is asked for: in session mode its socket lies deep in the home directory, and can be too deep.
        ...(demand.kind === 'agent' || demand.kind === 'healthy'
          ? ['--channel', 'unix,target.type=virtio,target.name=org.qemu.guest_agent.0']
          : withoutAgentChannel(machine)),
      ],
      { env: { ...libvirtEnvironment(), XDG_CACHE_HOME: scratchDirectory } },
    ),
  ];
}

/**
 * Boots an image and waits until it shows what is demanded. The machine is gone afterwards, however it ends; console
 * log and screenshot stay.
 *
 * @returns what was seen, for people
 * @throws Failure with the last screen, if the image does not come up in time or is seen not to come up at all
 */
export async function bootTest(host: Host, libvirt: Libvirt, test: BootTest): Promise<string> {
  const { machine, image, overlay, screenshot } = test;
  // What an earlier boot left must not be taken for this one's.
  await removeLog(machine.consoleLog);
  await rm(screenshot, { force: true });
  const { uid, gid } = await stat(image);
  const removeMachine = async () => {
    await libvirt.remove(machine.domain, overlay);
    await libvirt.forgetPool(dirname(overlay));
    await rm(overlay, { force: true });
    await rm(machine.nvram, { force: true });
    // System mode gives the image below the overlay to QEMU's user, and does not take it back.
    await chown(image, uid, gid);
  };
  const byHand = libvirt.removalByHand(machine.domain);
  const release = host.release.hold(`the virtual machine ${machine.domain}`, removeMachine, byHand);
  let seen: string;
  try {
    const commands = bootCommands(test);
    for (const prepares of commands.slice(0, -1)) await run(host, prepares);
    await run(host, commands.at(-1)!, {
      killSignal: 'SIGINT',
      killAfter: startPatience,
      // Ctrl-C on the terminal would reach it as well, and a second one while it clears up.
      session: 'own',
    });
    seen = await watch(host, libvirt, test);
  } catch (error) {
    // The reason counts more; the release stack tries again.
    await release().catch(() => undefined);
    throw error;
  }
  await release();
  return seen;
}

async function watch(host: Host, libvirt: Libvirt, test: BootTest): Promise<string> {
  const { machine, demand, timeout, screenshot } = test;
  const proof = proofOf(demand);
  const limit = new TimeLimit(timeout, host.signal);
  // The machine is looked at every second: no line in the log for each look.
  const watching = { ...host, log: silentLog, signal: limit.signal };
  // A question that libvirt does not answer ends with the time as well.
  const guest = new Guest(new Libvirt(watching, libvirt.uri), machine);
  const proving = prove(watching, guest, proof);
  const failing = end(limit.signal, guest);
  // Whatever comes first ends the other one.
  const ending = Promise.race([proving, failing]).finally(() => limit.end());
  host.log.info(`Waiting for ${proof.what}, ${seconds(timeout)} at most`);
  try {
    await ending;
  } finally {
    await Promise.allSettled([proving, failing]);
    const seen = new Guest(libvirt, machine);
    if (!host.signal.aborted) await takeScreenshot(host, seen, screenshot);
  }
  host.signal.throwIfAborted();
  const seen = await proving;
  if (seen !== undefined) {
    await tellFailedUnits(host, guest, new GuestCommands(libvirt, machine.domain), demand);
    return seen;
  }
  const stopped = await failing;
  const what =
    stopped === undefined
      ? `timed out after ${seconds(timeout)} (option 'boot-timeout') waiting for ${proof.what}`
      : `waited for ${proof.what}, but ${stopped}`;
  const nearMiss = proof.nearMiss();
  const screen = guest.lastScreen();
  const troubles = troublesOf(guest.troubles);
  throw new Failure(
    `${what}${nearMiss ? `\n${nearMiss}` : ''}${troubles}${screen ? `\nThe last screen:\n${indented(screen)}` : ''}`,
    { hint: stopped !== undefined || guest.serialSpoke ? undefined : silentConsole(machine.hardware) },
  );
}

/** Warns of units that failed: those that the agent tells, where it was asked for, or those that the console told. */
async function tellFailedUnits(host: Host, guest: Guest, commands: GuestCommands, { kind }: Demand): Promise<void> {
  const told = kind === 'agent' ? await failedUnits(commands) : undefined;
  const shown = guest.troubles.filter(({ sign }) => sign.kind === 'failed unit').map(({ text }) => text);
  const units = told ?? shown;
  if (units.length > 0) host.log.warn(`The image boots, but with units that fail:\n${indented(units.join('\n'))}`);
}

function silentConsole({ architecture: { serialDevice } }: Hardware): string {
  return `The serial console showed nothing. Add console=${serialDevice} to the image's kernel arguments, or set boot-test to ssh, agent, healthy, a command, or off.`;
}

/** Why the machine will not come up any more; undefined when the signal ends the watch. */
async function end(signal: AbortSignal, guest: Guest): Promise<string | undefined> {
  while (!signal.aborted) {
    try {
      const stopped = await guest.look();
      const why = guest.deadEnd()?.sign.means ?? stopped;
      if (why !== undefined) return why;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    await sleep(lookInterval, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

async function takeScreenshot(host: Host, guest: Guest, file: string): Promise<void> {
  try {
    await guest.screenshot(file);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    await rm(file, { force: true });
    host.log.warn(`Can't take a screenshot of the boot test: ${error.message}`);
  }
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} seconds`;
}
