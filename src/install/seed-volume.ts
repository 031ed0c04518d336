import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnswerFileKind } from '../config/image-spec.js';
import { command, run, type Command, type Host } from '../host/host.js';
import { deliveries } from './virt-install.js';

/** A volume of cloud-init's NoCloud data source: by this label, and with these files, the installer knows it. */
export interface SeedVolume {
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
 * The call that makes the volume, as a normal user: iso9660 with the label CIDATA (cloud-init, "NoCloud", takes that or
 * vfat), and with Rock Ridge, for `user-data` is no name of plain iso9660.
 */
export function seedVolumeCommand({ volume, scratchDirectory }: SeedVolume): Command {
  return command('xorrisofs', ['-quiet', '-rock', '-volid', 'CIDATA', '-output', volume, scratchDirectory]);
}

/**
 * Puts an answer file onto a volume of a few hundred kilobytes. The volume is its owner's alone, because it may hold
 * password hashes; libvirt gives it to QEMU's user while the domain runs.
 */
export async function makeSeedVolume(
  host: Pick<Host, 'log' | 'signal'>,
  answerFile: string,
  seed: SeedVolume,
): Promise<void> {
  await rm(seed.volume, { force: true });
  await mkdir(seed.scratchDirectory, { recursive: true, mode: 0o700 });
  await copyFile(answerFile, join(seed.scratchDirectory, 'user-data'));
  await writeFile(join(seed.scratchDirectory, 'meta-data'), 'instance-id: image-factory\n');
  // xorriso goes on with a file that is there.
  await writeFile(seed.volume, '', { mode: 0o600 });
  await run(host, seedVolumeCommand(seed));
  await chmod(seed.volume, 0o600);
  await rm(seed.scratchDirectory, { recursive: true });
}
