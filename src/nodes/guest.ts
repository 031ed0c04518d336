import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../host/failure.js';
import { command, run, type Host } from '../host/host.js';
import { layerArchive } from '../layers/export/layer-archive.js';
import { serve } from '../sandbox/worker.js';
import { changeTree } from './change-tree.js';
import { cleanTree } from './clean-tree.js';
import { guestDisks, type GuestJob, type GuestResult } from './guest-job.js';

const scratch = '/scratch';

// What runs in a virtual machine of ours, on the builder's own programs: the tree is a disk, which is only read, and what
// is changed in it goes to another one by overlayfs, as it does on the build machine.
await serve(async (host, { job, inputs, variables }: GuestJob): Promise<GuestResult> => {
  host.log.debug(`The virtual machine runs ${readFileSync('/proc/version', 'utf8').trim()}`);
  Object.assign(process.env, variables);
  const call = (program: 'mount' | 'umount' | 'ip' | 'tar', ...words: string[]) => run(host, command(program, words));
  await call('mount', '-t', 'ext4', '-o', 'noatime', await disk(guestDisks.scratch), scratch);
  await call('mount', '-t', 'ext4', '-o', 'ro,noload', await disk(guestDisks.tree), '/tree');
  const place = (name: string) => join(scratch, name);
  for (const name of ['tmp', 'inputs', 'upper', 'work', 'mount', 'cache']) await mkdir(place(name));
  await network(host);
  await call('tar', '-xf', await disk(guestDisks.inputs), '-C', place('inputs'));
  for (const { path, packed } of inputs) await showAt(host, join(place('inputs'), packed), path);
  const { uid, gid, mode } = await stat('/tree');
  const upper = place('upper');
  await chown(upper, uid, gid);
  await chmod(upper, mode & 0o7777);
  const at = place('mount');
  const options = [
    `lowerdir=/tree,upperdir=${upper},workdir=${place('work')}`,
    // As the layers of a store are mounted.
    'index=off,metacopy=off,redirect_dir=nofollow',
  ].join(',');
  await call('mount', '-t', 'overlay', '-o', options, 'tree', at);
  await changeTree(host, { ...job, cache: place('cache') }, at);
  await cleanTree(host, job, at);
  await call('umount', at);
  return { size: await writeChanges(host, upper, await disk(guestDisks.output)) };
});

/** The device of a disk, which the kernel may not have seen yet. */
async function disk(name: string): Promise<string> {
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

/** @returns how many bytes were written */
async function writeChanges(host: Host, directory: string, device: string): Promise<number> {
  const output = await open(device, 'r+');
  let size = 0;
  try {
    for await (const chunk of layerArchive(host, { directory, what: 'the changes' })) {
      for (let at = 0; at < chunk.length;)
        at += (await output.write(chunk, at, chunk.length - at, size + at)).bytesWritten;
      size += chunk.length;
    }
    await output.sync();
  } finally {
    await output.close();
  }
  return size;
}
