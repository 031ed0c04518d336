import type { Host } from '../host/host.js';
import type { NodeJob } from './jobs.js';

/** Does a job, in a process that may mount. Its result is plain data. It loads the code of that kind of work alone. */
export async function workOn(caller: Host, job: NodeJob): Promise<unknown> {
  const host = { ...caller, ...doing(job) };
  switch (job.kind) {
    case 'derive':
      return (await import('./derive.js')).derive(host, job);
    case 'capture':
      return (await import('./capture.js')).capture(host, job);
    case 'import':
      return (await import('./import.js')).importNode(host, job);
    case 'bootstrap':
      return (await import('./bootstrap.js')).bootstrapNode(host, job);
    case 'unpack':
      return (await import('./unpack.js')).unpackNode(host, job);
    case 'archive':
      return (await import('./archive.js')).archiveNode(host, job);
    case 'disk':
      return (await import('./disk.js')).makeDiskOfNode(host, job);
    case 'kernel':
      return (await import('./disk.js')).layerHasKernel(host, job);
  }
}

function doing(job: NodeJob): Pick<Host, 'doing'> {
  if ('image' in job) return { doing: `the build of ${job.image}` };
  return 'name' in job ? { doing: `the import of ${job.name}` } : {};
}
