import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../host/failure.js';
import { command, run, type Host } from '../../host/host.js';
import { guestDisks, type GuestJob } from './job.js';

/** The disk on which the guest writes what is not kept. */
export const scratch = '/scratch';

/** Makes the guest fit for its work: a disk to write to, the network, the files of the build machine that a job names. */
export async function enterGuest(
  host: Host,
  { inputs, variables }: Pick<GuestJob, 'inputs' | 'variables'>,
): Promise<void> {
  host.log.debug(`The virtual machine runs ${readFileSync('/proc/version', 'utf8').trim()}`);
  Object.assign(process.env, variables);
  await run(host, command('mount', ['-t', 'ext4', '-o', 'noatime', await disk(guestDisks.scratch), scratch]));
  for (const name of ['tmp', 'inputs', 'cache']) await mkdir(join(scratch, name));
  await network(host);
  const packed = join(scratch, 'inputs');
  await run(host, command('tar', ['-xf', await disk(guestDisks.inputs), '-C', packed]));
  for (const input of inputs) await showAt(host, join(packed, input.packed), input.path);
}

/** The device of a disk, which the kernel may not have seen yet. */
export async function disk(name: string): Promise<string> {
  for (let tries = 0; tries < 600; tries++) {
    for (const device of readdirSync('/sys/block')) {
      const serial = join('/sys/block', device, 'serial');
      if (!existsSync(serial) || !existsSync(join('/dev', device))) continue;
      if (readFileSync(serial, 'latin1').trim() === name) return join('/dev', device);
    }
    await sleep(100);
  }
  throw new Failure(`the virtual machine does not see its disk '${name}'`);
}

/** QEMU's own network has the same addresses always (QEMU's documentation, "Using the user mode network stack"). */
async function network(host: Host): Promise<void> {
  const ip = (...words: string[]) => run(host, command('ip', words));
  const card = readdirSync('/sys/class/net').find((name) => existsSync(join('/sys/class/net', name, 'device')));
  await ip('link', 'set', 'lo', 'up');
  if (card === undefined) return host.log.warn('The virtual machine has no network');
  await ip('address', 'add', '10.0.2.15/24', 'dev', card);
  await ip('link', 'set', card, 'up');
  await ip('route', 'add', 'default', 'via', '10.0.2.2');
}

/** Lets a file or directory of the inputs be seen where the job names it. */
async function showAt(host: Host, from: string, path: string): Promise<void> {
  if ((await stat(from)).isDirectory()) await mkdir(path, { recursive: true });
  else {
    await mkdir(dirname(path), { recursive: true });
    await (await open(path, 'a')).close();
  }
  await run(host, command('mount', ['--bind', from, path]));
}
