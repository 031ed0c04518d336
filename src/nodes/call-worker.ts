import type { Host } from '../host/host.js';
import { programModule } from '../host/program-directory.js';
import { whyNoNamespaces } from '../sandbox/enter.js';
import { callWorker } from '../sandbox/worker.js';
import type {
  ArchiveJob,
  BootstrapJob,
  CaptureJob,
  DeriveJob,
  DiskJob,
  ImportJob,
  KernelJob,
  UnpackJob,
  NodeJob,
} from './jobs.js';
import type { NodeRecord } from './record.js';

/** The module that does the work. */
const worker = programModule('nodes/worker');

/** In namespaces, or where they are closed in a virtual machine, which knows its own store. */
async function work(host: Host, job: NodeJob): Promise<unknown> {
  if ((await whyNoNamespaces(host)) === undefined) return callWorker(host, worker, job);
  const { workInGuest } = await import('./guest/work-in-guest.js');
  return workInGuest(host, job);
}

/** Has a node made, in a process that may mount. @throws Failure as {@link callWorker} */
export async function nodeOf(
  host: Host,
  job: DeriveJob | CaptureJob | ImportJob | BootstrapJob | UnpackJob,
): Promise<NodeRecord> {
  return (await work(host, job)) as NodeRecord;
}

/** Has a raw disk made of a node. */
export async function diskOf(host: Host, job: DiskJob): Promise<void> {
  await work(host, job);
}

/** Whether the tree of a layer has a kernel, which a disk can start. */
export async function hasKernel(host: Host, job: KernelJob): Promise<boolean> {
  return (await work(host, job)) as boolean;
}

/** Has an archive written of a node's tree. */
export async function archiveNode(host: Host, job: ArchiveJob): Promise<void> {
  await work(host, job);
}
