import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { command, run, type Host } from '../../host/host.js';
import { serve } from '../../sandbox/worker.js';
import { disk, enterGuest, scratch } from './system.js';
import { guestDisks, type StoreGuestJob, type StoreGuestResult } from './job.js';
import type { NodeJob } from '../jobs.js';
import { workOn } from '../work-on.js';

const store = '/store';

// What works in trees where this machine's namespaces are closed: a virtual machine, which has the store as a disk. In it,
// the same work is done in the same way.
await serve(async (host, { job, inputs, variables }: StoreGuestJob): Promise<StoreGuestResult> => {
  await enterGuest(host, { inputs, variables });
  await mkdir(store);
  await run(host, command('mount', ['-t', 'ext4', '-o', 'noatime', await disk(guestDisks.store), store]));
  const output = 'output' in job ? join(scratch, 'output') : undefined;
  const result = await workOn(host, await insideOf(host, job, output));
  const size = output === undefined ? undefined : await giveOut(host, output);
  const records = await recordsOf(store);
  await run(host, command('umount', [store]));
  return { result: result ?? null, size, records };
});

/** The job as it is done in the guest. */
async function insideOf(host: Host, job: NodeJob, output: string | undefined): Promise<NodeJob> {
  const inside = { ...job, store, ...(output !== undefined && { output }) } as NodeJob;
  if (inside.kind === 'derive') return { ...inside, guest: undefined, cache: join(scratch, 'cache') };
  if (inside.kind !== 'capture' && inside.kind !== 'import') return inside;
  // Programs look for its size, which a device does not tell.
  if (existsSync(inside.file)) return inside;
  const file = join(scratch, 'file.raw');
  host.log.progress({ text: `Reading ${inside.file}` });
  await run(host, command('cp', ['--sparse=always', await disk(guestDisks.file), file]));
  return { ...inside, file };
}

async function giveOut(host: Host, output: string): Promise<number> {
  const device = await disk(guestDisks.output);
  await run(host, command('dd', [`if=${output}`, `of=${device}`, 'bs=1M', 'conv=sparse,notrunc,fsync']));
  return (await stat(output)).size;
}

/** What the build machine is to know of the store: which layers and nodes there are. */
async function recordsOf(directory: string): Promise<Record<string, string>> {
  const records: Record<string, string> = {};
  for (const [area, file] of [
    ['layers', 'layer.json'],
    ['nodes', 'node.json'],
  ] as const) {
    for (const name of await readdir(join(directory, area)).catch(() => [])) {
      const path = join(area, name, file);
      const text = await readFile(join(directory, path), 'utf8').catch(() => undefined);
      if (text !== undefined) records[path] = text;
    }
  }
  return records;
}
