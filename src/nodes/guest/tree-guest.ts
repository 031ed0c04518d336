import { chmod, chown, mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { command, run, type Host } from '../../host/host.js';
import { layerArchive } from '../../layers/export/layer-archive.js';
import { serve } from '../../sandbox/worker.js';
import { changeTree } from '../change-tree.js';
import { cleanTree } from '../clean-tree.js';
import { disk, enterGuest, scratch } from './system.js';
import { guestDisks, type GuestJob, type GuestResult } from './job.js';

// What runs in a virtual machine of ours, on the builder's own programs: the tree is a disk, which is only read, and what
// is changed in it goes to another one by overlayfs, as it does on the build machine.
await serve(async (host, { job, inputs, variables }: GuestJob): Promise<GuestResult> => {
  await enterGuest(host, { inputs, variables });
  const call = (program: 'mount' | 'umount', ...words: string[]) => run(host, command(program, words));
  await call('mount', '-t', 'ext4', '-o', 'ro,noload', await disk(guestDisks.tree), '/tree');
  const place = (name: string) => join(scratch, name);
  for (const name of ['upper', 'work', 'mount']) await mkdir(place(name));
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
  await changeTree(host, { ...job, cache: place('cache') }, { root: at, scratch });
  await cleanTree(host, job, at);
  await call('umount', at);
  return { size: await writeChanges(host, upper, await disk(guestDisks.output)) };
});

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
