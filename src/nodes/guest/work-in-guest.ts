import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { inspectImage, withReadableDisk } from '../../disk/image-file.js';
import { Failure } from '../../host/failure.js';
import { waitForLock } from '../../host/file-lock.js';
import type { Host } from '../../host/host.js';
import { makeDirectory } from '../../host/make-directory.js';
import { programModule } from '../../host/program-directory.js';
import { holdScratchDirectory } from '../../host/scratch-directory.js';
import { writeAppliance } from '../../guest/appliance.js';
import { callGuest } from '../../guest/call-guest.js';
import { guestMachine, usualPatience, type GuestMachine } from '../../guest/emulator.js';
import { kernelForStore } from '../../guest/kernel.js';
import { programsOfHooks, programsOfStores } from '../../guest/programs.js';
import { recognise } from '../../layers/import/recognise.js';
import { sha256Of } from '../../host/digest.js';
import { writeRecord } from '../../layers/record.js';
import { directoryOfGuests, storeDiskOfGuests } from '../../layers/store.js';
import { builderArchitecture, detectAcceleration } from '../../machine/acceleration.js';
import { networkVariables } from '../../sandbox/sandbox.js';
import { seenFromGuest } from './change-in-guest.js';
import { makeEmptyDisk, makeKeptDisk, roomForGuest } from './disks.js';
import { packInputs } from './inputs.js';
import { guestDisks, type StoreGuestJob, type StoreGuestResult } from './job.js';
import type { NodeJob } from '../jobs.js';
import { takeKernel } from './kernel-of-disk.js';

const module = programModule('nodes/guest/store-guest');

/**
 * Does a job in a virtual machine that has the store as a disk, where this machine can neither mount nor give files to
 * others; all but the making of a system of packages. The records of layers and nodes lie in the store as always; the trees
 * are in its file `vm/store.ext4`.
 *
 * @throws Failure as the job does, and for a system of packages, which a check of the image refuses before
 */
export async function workInGuest(host: Host, job: NodeJob): Promise<unknown> {
  if (job.kind === 'bootstrap') {
    throw new Failure(
      `${job.image} can't be made of packages: no virtual machine does it, and namespaces are closed here`,
      {
        hint: "'image-factory doctor' says what opens them.",
      },
    );
  }
  const { store } = job;
  if (existsSync(join(store, 'format'))) {
    throw new Failure(`${store} was made by namespaces, which are closed here`, {
      hint: 'Choose another store with --store-dir.',
    });
  }
  const place = join(store, directoryOfGuests);
  makeDirectory(place);
  const giveBack = await waitForLock(host, join(place, '.lock'), `the store ${store}`);
  try {
    // Of builds that were killed; the lock says that none of them lives.
    for (const name of await readdir(place)) {
      if (name.startsWith('.image-factory-guest-')) await rm(join(place, name), { recursive: true, force: true });
    }
    const { path: scratch, remove } = await holdScratchDirectory(host, 'guest', place);
    try {
      return await withDisk(host, job, scratch, (disk) => work(host, { job, place, scratch, disk }));
    } finally {
      await remove();
    }
  } finally {
    await giveBack();
  }
}

/** The disk that a job reads, as a raw one; undefined for a job without one. */
async function withDisk<T>(
  host: Host,
  job: NodeJob,
  scratch: string,
  action: (disk: string | undefined) => Promise<T>,
): Promise<T> {
  if (job.kind !== 'capture' && job.kind !== 'import') return action(undefined);
  const isDisk = job.kind === 'capture' || (await recognise(host, job.file)).kind === 'disk';
  if (!isDisk) return action(undefined);
  if (job.kind === 'capture' && job.sha256 !== undefined && (await sha256Of(host, job.file)) !== job.sha256) {
    throw new Failure(`${job.file} is not the image that was built: its SHA-256 sum is not ${job.sha256}`, {
      hint: `Build ${job.image} again.`,
    });
  }
  return withReadableDisk(host, await inspectImage(host, job.file), scratch, action);
}

interface Work {
  readonly job: NodeJob;
  readonly place: string;
  readonly scratch: string;
  readonly disk: string | undefined;
}

async function work(host: Host, { job, place, scratch, disk }: Work): Promise<unknown> {
  const within = (name: string) => join(scratch, name);
  const kernelTree = join(place, 'kernel');
  if (!existsSync(kernelTree) && disk !== undefined) await takeKernel(host, disk, kernelTree);
  const kernel = await kernelForStore(kernelTree);
  host.log.info(`Namespaces are closed here: starting a virtual machine with the kernel ${kernel.version}`);
  const programs = [
    ...programsOfStores,
    ...(job.kind === 'derive' && job.changes.elements.length > 0 ? programsOfHooks : []),
  ];
  await writeAppliance(host, { kernel, module, programs, scratch }, within('initrd'));
  const room = await roomForGuest(scratch);
  const storeDisk = join(place, storeDiskOfGuests);
  if (!existsSync(storeDisk)) {
    await makeKeptDisk(host, within('store'), room, scratch);
    await rename(within('store'), storeDisk);
  }
  await makeEmptyDisk(host, within(guestDisks.scratch), room, scratch);
  const output = 'output' in job ? job.output : undefined;
  // Beside its place, so that it need not be copied.
  const outputDisk = output === undefined ? undefined : join(dirname(output), `.image-factory-guest-${process.pid}`);
  if (outputDisk !== undefined) {
    await mkdir(dirname(outputDisk), { recursive: true });
    await writeFile(outputDisk, '');
    await truncate(outputDisk, room);
  }
  const forget = host.release.hold('the output of a virtual machine', async () => {
    if (outputDisk !== undefined) await rm(outputDisk, { force: true });
  });
  try {
    const changes = job.kind === 'derive' ? job.changes : { files: [], run: [], elements: [], elementPath: [] };
    const further =
      job.kind === 'unpack' ? [job.archive] : job.kind === 'import' && disk === undefined ? [job.file] : [];
    const inputs = await packInputs(host, changes, within(guestDisks.inputs), further);
    const guestJob: StoreGuestJob = {
      job: job.kind === 'capture' ? { ...job, sha256: undefined } : job,
      ...{ inputs, variables: seenFromGuest(networkVariables()) },
    };
    const { result, size, records } = (await callGuest(host, {
      machine: await machineFor(job),
      ...{ directory: scratch, job: guestJob },
      files: {
        ...{ kernel: kernel.image, initrd: within('initrd') },
        disks: [
          { name: guestDisks.store, file: storeDisk, mode: 'kept' },
          { name: guestDisks.inputs, file: within(guestDisks.inputs), mode: 'read-only' },
          { name: guestDisks.scratch, file: within(guestDisks.scratch), mode: 'writable' },
          ...(disk === undefined ? [] : [{ name: guestDisks.file, file: disk, mode: 'read-only' } as const]),
          ...(outputDisk === undefined
            ? []
            : [{ name: guestDisks.output, file: outputDisk, mode: 'writable' } as const]),
        ],
      },
    })) as StoreGuestResult;
    await writeRecords(job.store, records);
    if (output !== undefined && outputDisk !== undefined) {
      await truncate(outputDisk, size ?? 0);
      await rename(outputDisk, output);
    }
    return result;
  } finally {
    await forget();
  }
}

/** What the guest's store has is told outside of it, so that what is fresh is known without a guest. */
async function writeRecords(store: string, records: StoreGuestResult['records']): Promise<void> {
  for (const [path, text] of Object.entries(records)) {
    await mkdir(dirname(join(store, path)), { recursive: true });
    await writeRecord(join(store, path), JSON.parse(text) as object);
  }
  for (const area of ['layers', 'nodes']) {
    for (const name of await readdir(join(store, area)).catch(() => [])) {
      const known = Object.keys(records).some((path) => path.startsWith(`${area}/${name}/`));
      if (!known) await rm(join(store, area, name), { recursive: true, force: true });
    }
  }
}

/** As the image asks for it, or one that is enough for disks and layers. */
async function machineFor(job: NodeJob): Promise<GuestMachine> {
  if (job.kind === 'derive' && job.guest !== undefined) return job.guest;
  const architecture = builderArchitecture();
  if (architecture === undefined) throw new Failure('no virtual machine is known for the processor of this machine');
  const { virtType } = await detectAcceleration(architecture);
  const cores = Math.min(availableParallelism(), 4);
  return guestMachine(architecture, { virtType, cores, ram: 2 * 2 ** 30, patience: usualPatience });
}
