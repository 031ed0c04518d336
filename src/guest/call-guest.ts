import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { command, shellLine, type Host } from '../host/host.js';
import { LastLines } from '../host/lines.js';
import { programs } from '../host/programs.js';
import { converse } from '../sandbox/worker.js';
import { emulatorArguments, type GuestFiles, type GuestMachine } from './emulator.js';

/** A guest, and what it is to do. */
export interface GuestCall {
  readonly machine: GuestMachine;
  readonly files: Omit<GuestFiles, 'console'>;
  /** A directory for its console's log. */
  readonly directory: string;
  /** Plain data for the module that the appliance starts. */
  readonly job: unknown;
}

/**
 * Has a module of this program do a job in a virtual machine, which is gone afterwards. QEMU is a process of this one: it
 * ends with it, and no other program knows of the machine.
 *
 * @returns what the module's function returned: plain data
 * @throws Failure as the function did, or with the last lines of the console of a guest that ended before
 * @throws Interrupted if the host's signal ends it
 */
export async function callGuest(host: Host, { machine, files, directory, job }: GuestCall): Promise<unknown> {
  host.signal.throwIfAborted();
  const called = command(machine.emulator, emulatorArguments(machine, { ...files, console: 'console.log' }));
  host.log.debug(`Calling ${shellLine(called)}`);
  const [file = '', ...args] = ['setpriv', '--pdeathsig', 'KILL', '--', called.file, ...called.args];
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: directory,
    detached: true,
    env: { ...process.env, PATH: called.env?.PATH, LC_ALL: 'C.UTF-8' },
  });
  const said = new LastLines(20);
  createInterface(child.stderr).on('line', (line) => said.add(line));
  const ended = once(child, 'close').catch((error: unknown) => {
    throw new Failure(`setpriv can't be called: ${reasonOf(error)}`, { hint: 'Install the package util-linux.' });
  });
  // There is nothing in it that must be kept: the disks are thrown away, and what it has done is on another one.
  const end = () => void child.kill('SIGKILL');
  const release = host.release.hold('the virtual machine', async () => {
    end();
    await ended.catch(() => undefined);
  });
  let late = false;
  const patience = setTimeout(() => {
    late = true;
    end();
  }, machine.patience);
  try {
    const heard = await converse(host, child, job, { stop: end, onFirst: () => clearTimeout(patience), onLast: end });
    if (heard.done) return heard.result;
    const [exitCode] = (await ended) as [number | null];
    const screen = await lastLines(join(directory, 'console.log'));
    const words = [said.text(), screen].filter((text) => text !== '').join('\n');
    const why = late
      ? `did not begin its work in ${machine.patience / 1000} seconds (option 'boot-timeout')`
      : `ended before its work was done${exitCode === 0 || exitCode === null ? '' : `, with exit code ${exitCode}`}`;
    throw new Failure(`the virtual machine ${why}${words === '' ? '' : `:\n${words}`}`, {
      hint: exitCode === 127 ? `Install the package ${programs[machine.emulator].package}.` : undefined,
    });
  } finally {
    clearTimeout(patience);
    await release();
  }
}

/** What a console showed at last: of a kernel that could not go on, why. */
async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = stripVTControlCharacters(text).split(/\r*\n/);
  const panic = lines.findIndex((line) => /Kernel panic|Oops:|Out of memory: Killed/.test(line));
  const last = new LastLines(20);
  for (const line of panic < 0 ? lines : lines.slice(Math.max(panic - 2, 0), panic + 3)) last.add(line);
  return last.text();
}
