import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { command, run, type Caller } from '../../host/host.js';
import type { Disk } from '../../layout/layout.js';
import type { Identifiers } from './identifiers.js';
import { partitionScript } from './partition-script.js';

/** Writes the partition table of a disk into its file, which has its size already. @param scratch a directory for a moment's file */
export async function writePartitionTable(
  caller: Caller,
  disk: Disk,
  to: { readonly file: string; readonly scratch: string; readonly identifiers: Identifiers },
): Promise<void> {
  if (disk.label === null) return;
  const script = partitionScript(disk, to.identifiers);
  if (disk.sectorSize === 512) {
    const options = ['--quiet', '--no-reread', '--no-tell-kernel', '--wipe', 'never'];
    await run(caller, command('sfdisk', [...options, to.file], { input: script }));
    return;
  }
  // On a file, sfdisk knows only sectors of 512 bytes; fdisk takes others, and reads sfdisk's script.
  await writeFile(join(to.scratch, 'table'), script);
  const options = ['--sector-size', String(disk.sectorSize), '--wipe', 'never', '--wipe-partitions', 'never'];
  const called = command('fdisk', [...options, to.file], { input: 'I\ntable\nw\n', cwd: to.scratch });
  const { stdout } = await run(caller, called);
  if (!stdout.includes('Script successfully applied')) {
    throw new Failure(`fdisk can't write the partition table of the disk ${disk.name}:\n${stdout.trim()}`);
  }
}
