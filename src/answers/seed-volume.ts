import { chmod, copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnswerFileKind } from '../config/image-spec.js';
import { command, run, type Command, type Caller } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import { deliveries } from './delivery.js';

/** How an installer knows its seed volume: by a label, and the names of files. */
interface SeedContent {
  readonly label: string;
  /** The answer file's name there. */
  readonly answerFile: string;
  /** Texts of other files, by name. */
  readonly others: Readonly<Record<string, string>>;
}

/** cloud-init, "NoCloud": CIDATA with both files. */
const cloudInit: SeedContent = {
  label: 'CIDATA',
  answerFile: 'user-data',
  others: { 'meta-data': 'instance-id: image-factory\n' },
};

/** Agama, "Starting the installation": the label that it looks for even without inst.auto. */
const driverDisk: SeedContent = { label: 'OEMDRV', answerFile: 'autoinst.json', others: {} };

function contentFor(kind: AnswerFileKind): SeedContent {
  return kind === 'agama' ? driverDisk : cloudInit;
}

/** A volume that gives an installer its answer file. */
export interface SeedVolume {
  readonly kind: AnswerFileKind;
  /** The file that becomes the volume. */
  readonly volume: string;
  /** A directory of the caller's for what goes onto it; afterwards it is gone. */
  readonly scratchDirectory: string;
}

/** Whether installers of this kind look for their answer file on a seed volume. */
export function readsSeedVolume(kind: AnswerFileKind): boolean {
  return deliveries[kind].on === 'seed volume';
}

/**
 * The call that makes the volume, as a normal user: iso9660 which cloud-init ("NoCloud") and Agama (whatever can be
 * mounted) take, and with Rock Ridge, for `user-data` is no name of plain iso9660.
 */
export function seedVolumeCommand({ kind, volume, scratchDirectory }: SeedVolume): Command {
  return command('xorrisofs', [
    '-quiet',
    '-rock',
    '-volid',
    contentFor(kind).label,
    '-output',
    volume,
    scratchDirectory,
  ]);
}

/**
 * Puts an answer file onto a volume of a few hundred kilobytes. The volume is its owner's alone, because it may hold
 * password hashes; libvirt gives it to QEMU's user while the domain runs.
 */
export async function makeSeedVolume(host: Caller, answerFile: string, seed: SeedVolume): Promise<void> {
  await rm(seed.volume, { force: true });
  makeDirectory(seed.scratchDirectory, { mode: 0o700 });
  const content = contentFor(seed.kind);
  await copyFile(answerFile, join(seed.scratchDirectory, content.answerFile));
  for (const [name, text] of Object.entries(content.others)) await writeFile(join(seed.scratchDirectory, name), text);
  // xorriso goes on with a file that is there.
  await writeFile(seed.volume, '', { mode: 0o600 });
  await run(host, seedVolumeCommand(seed));
  await chmod(seed.volume, 0o600);
  await rm(seed.scratchDirectory, { recursive: true });
}
