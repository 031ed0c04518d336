import { join } from 'node:path';
import { applyElements } from '../elements/apply-elements.js';
import { factsOfTree } from '../elements/environment.js';
import type { Host } from '../host/host.js';
import type { DeriveJob } from './jobs.js';
import { outputLog } from './output-log.js';
import type { TreeToChange } from './tree-to-change.js';

/** Variables of this machine that hooks get too: where programs are, and what leads to the network. */
const inherited = ['PATH', 'HOME', 'USER', 'http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy'];

/** Applies the elements of a derived image to its tree. */
export async function runElements(host: Host, job: DeriveJob, { root, scratch }: TreeToChange): Promise<void> {
  const { elements, elementPath, elementEnvironment } = job.changes;
  await applyElements(host, {
    ...{ elements, elementPath, tree: root, scratch, packages: [] },
    facts: { imageName: job.image, arch: job.inputs.arch ?? 'amd64', ...factsOfTree(root) },
    environment: {
      ...Object.fromEntries(inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
      ...job.environment,
      ...elementEnvironment,
    },
    cache: join(job.cache, 'elements'),
    onLine: outputLog(host.log, `The elements ${elements.join(' ')}`),
  });
}
