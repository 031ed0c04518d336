import { fileURLToPath } from 'node:url';
import type { Host } from '../host/host.js';
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
} from './jobs.js';
import type { NodeRecord } from './record.js';

/** The module that does the work, written as this one is: compiled, or as its source in tests. */
const worker = new URL(`./worker${/\.ts$/.test(fileURLToPath(import.meta.url)) ? '.ts' : '.js'}`, import.meta.url);

/** Has a node made, in a process that may mount. @throws Failure as {@link callWorker} */
export async function nodeOf(
  host: Host,
  job: DeriveJob | CaptureJob | ImportJob | BootstrapJob | UnpackJob,
): Promise<NodeRecord> {
  return (await callWorker(host, worker, job)) as NodeRecord;
}

/** Has a raw disk made of a node. */
export async function diskOf(host: Host, job: DiskJob): Promise<void> {
  await callWorker(host, worker, job);
}

/** Whether the tree of a layer has a kernel, which a disk can start. */
export async function hasKernel(host: Host, job: KernelJob): Promise<boolean> {
  return (await callWorker(host, worker, job)) as boolean;
}

/** Has an archive written of a node's tree. */
export async function archiveNode(host: Host, job: ArchiveJob): Promise<void> {
  await callWorker(host, worker, job);
}
