import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { command, insistently, run, type Host } from '../host/host.js';
import { layerOfContent } from '../layers/layers.js';
import { openStore } from '../layers/store.js';
import { bootstrap, latestTime } from '../packages/bootstrap.js';
import { emulatePrograms } from '../sandbox/program-emulation.js';
import { cleanTree } from './clean-tree.js';
import type { BootstrapJob } from './jobs.js';
import { limitTimes } from './limit-times.js';
import { layerOfNode, makeNode } from './make-node.js';
import { removeOldNodes } from './old-nodes.js';
import type { NodeRecord } from './record.js';

/** Makes a layer of packages, unless it is there: installed where it is to lie, cleaned and frozen. */
export async function bootstrapNode(host: Host, job: BootstrapJob): Promise<NodeRecord> {
  const store = await openStore(host, job.store);
  const { image, packages } = job;
  const node = await makeNode(store, { name: image, inputs: job.inputs }, async (id) => {
    const layer = await layerOfContent(store, {
      name: layerOfNode(image, id),
      parent: undefined,
      origin: `image ${image}`,
      async fill(tree) {
        if (job.foreign !== undefined) await emulatePrograms(host, job.foreign);
        await install(host, packages, tree);
        for (const name of await readdir(join(tree, 'dev'))) await rm(join(tree, 'dev', name), { recursive: true });
        await cleanTree({ ...host, scratch: dirname(tree) }, job, tree);
        limitTimes(tree, latestTime(packages.lock));
      },
    });
    return { layer };
  });
  await removeOldNodes(store, image, node.id);
  return node;
}

/** Where only this process and its children see something mounted. */
const place = '/mnt';

/** dpkg's database, which dpkg brings to the disk thousands of times, by fsync(2). */
const database = 'var/lib/dpkg';

/**
 * Installs the packages of a lock where apt's own user may go, too: neither a store nor a home directory is open to it. Meanwhile dpkg's
 * database is in memory: a tree that is not finished is of no use, and one that is gets to the disk as a whole.
 */
async function install(host: Host, packages: BootstrapJob['packages'], tree: string): Promise<void> {
  const mount = (...words: string[]) => run(host, command('mount', words));
  await mount('-t', 'tmpfs', '-o', 'mode=0755', 'none', place);
  const release = host.release.hold(`what is mounted on ${place}`, async () => {
    await run(insistently(host), command('umount', ['--recursive', place]));
  });
  try {
    const [source, target] = [join(place, 'repository'), join(place, 'tree')];
    await mkdir(source);
    await mkdir(target);
    await mount('--bind', packages.repository.directory, source);
    await mount('--bind', tree, target);
    await mkdir(join(tree, database), { recursive: true });
    await mount('-t', 'tmpfs', '-o', 'mode=0755', 'none', join(target, database));
    await bootstrap(host, { ...packages, url: `copy:${source}`, target, mode: 'root' });
    await run(host, command('cp', ['--archive', `${join(target, database)}/.`, join(tree, database)]));
  } finally {
    // The tree can't be removed before.
    await release();
  }
}
