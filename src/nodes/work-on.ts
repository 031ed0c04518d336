import type { Host } from '../host/host.js';
import { archiveNode } from './archive.js';
import { bootstrapNode } from './bootstrap.js';
import { capture } from './capture.js';
import { derive } from './derive.js';
import { layerHasKernel, makeDiskOfNode } from './disk.js';
import { importNode } from './import.js';
import type { NodeJob } from './jobs.js';
import { unpackNode } from './unpack.js';

/** Does a job, in a process that may mount. Its result is plain data. */
export async function workOn(host: Host, job: NodeJob): Promise<unknown> {
  switch (job.kind) {
    case 'derive':
      return derive(host, job);
    case 'capture':
      return capture(host, job);
    case 'import':
      return importNode(host, job);
    case 'bootstrap':
      return bootstrapNode(host, job);
    case 'unpack':
      return unpackNode(host, job);
    case 'archive':
      return archiveNode(host, job);
    case 'disk':
      return makeDiskOfNode(host, job);
    case 'kernel':
      return layerHasKernel(host, job);
  }
}
