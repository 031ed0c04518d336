import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAppliance } from '../../guest/appliance.js';
import { callGuest } from '../../guest/call-guest.js';
import type { GuestMachine } from '../../guest/emulator.js';
import { kernelFor } from '../../guest/kernel.js';
import { programsOfHooks } from '../../guest/programs.js';
import type { Host } from '../../host/host.js';
import { programModule } from '../../host/program-directory.js';
import { networkVariables } from '../../sandbox/sandbox.js';
import { makeEmptyDisk, makeTreeDisk, roomForGuest } from './disks.js';
import { packInputs } from './inputs.js';
import { guestDisks, type GuestJob, type GuestResult } from './job.js';
import type { DeriveJob } from '../jobs.js';

/** The module that works in the guest. */
const module = programModule('nodes/guest/tree-guest');

/** A tree to be changed in a virtual machine. */
export interface GuestChange {
  readonly job: DeriveJob;
  readonly machine: GuestMachine;
  /** The parent's tree, mounted; it is only read. */
  readonly tree: string;
  /** An empty directory for the guest's disks, which the caller removes. */
  readonly directory: string;
}

/**
 * Makes the changes of a derived image in a virtual machine, as changeTree makes them here.
 *
 * @returns an archive of what differs from the tree, with whiteouts in the notation of OCI layers
 */
export async function changeInGuest(host: Host, { job, machine, tree, directory }: GuestChange): Promise<string> {
  const within = (name: string) => join(directory, name);
  const kernel = await kernelFor(tree, 'the parent');
  host.log.info(`Starting a virtual machine with the kernel ${kernel.version}`);
  const programs = job.changes.elements.length > 0 ? programsOfHooks : [];
  await writeAppliance(host, { kernel, module, programs, scratch: directory }, within('initrd'));
  await makeTreeDisk(host, tree, within('tree'), directory);
  const room = await roomForGuest(directory);
  await makeEmptyDisk(host, within('scratch'), room, directory);
  await writeFile(within('output'), '');
  // An archive has a few blocks for each file that no file system has; all of it is a hole.
  await truncate(within('output'), 2 * room);
  const guestJob: GuestJob = {
    ...{ job, inputs: await packInputs(host, job.changes, within('inputs')) },
    variables: seenFromGuest(networkVariables()),
  };
  const disk = (name: string, mode: 'read-only' | 'writable') => ({ name, file: within(name), mode });
  const { size } = (await callGuest(host, {
    ...{ machine, directory, job: guestJob },
    files: {
      ...{ kernel: kernel.image, initrd: within('initrd') },
      disks: [
        ...[guestDisks.tree, guestDisks.inputs].map((name) => disk(name, 'read-only')),
        ...[guestDisks.scratch, guestDisks.output].map((name) => disk(name, 'writable')),
      ],
    },
  })) as GuestResult;
  for (const name of ['initrd', guestDisks.tree, guestDisks.inputs, guestDisks.scratch]) await rm(within(name));
  await truncate(within('output'), size);
  return within('output');
}

/** The guest reaches this machine's own address, 127.0.0.1, by that of the gateway which QEMU makes. */
export function seenFromGuest(variables: Readonly<Record<string, string>>): Record<string, string> {
  const seen = (name: string, value: string) =>
    /^no_proxy$/i.test(name)
      ? value
      : value.replace(
          /(^|:\/\/|@)(localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$)/,
          (_, before: string) => `${before}10.0.2.2`,
        );
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, seen(name, value)]));
}
