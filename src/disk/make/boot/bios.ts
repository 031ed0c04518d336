import { copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, run, type Caller } from '../../../host/host.js';
import type { Disk } from '../../../layout/layout.js';
import { isFile, type Additions, type BootSystem, type NoBoot } from './boot-system.js';
import { firstConfiguration } from './grub-configuration.js';
import { bootCode, coreImageAt } from './grub-image.js';

/** The GPT type of a partition that holds GRUB's core image. */
const biosBootPartition = '21686148-6449-6E6F-744E-656564454649';

/** Sectors of 512 bytes that a core image may take. */
interface Room {
  readonly start: number;
  readonly count: number;
}

/** GRUB for a BIOS, ready to be written to the disk. */
export interface BiosBoot {
  readonly disk: string;
  readonly code: Buffer;
  readonly core: Buffer;
  /** Bytes. */
  readonly coreOffset: number;
}

/**
 * Makes GRUB for a BIOS from the tree's own modules, which are also put where GRUB looks for them. Undefined where the
 * layout has no place for it, or machines of this kind have no BIOS.
 */
export async function biosBoot(
  caller: Caller,
  system: BootSystem,
  { added, scratch }: Pick<Additions, 'added' | 'scratch'>,
): Promise<BiosBoot | NoBoot | undefined> {
  const disk = system.layout.disks.find(({ name }) => name === system.bootDisk);
  const room = disk && roomOn(disk);
  const { grubForBios } = system.target;
  if (!disk || !room || grubForBios === undefined) return undefined;
  const directory = `usr/lib/grub/${grubForBios}`;
  if (!isFile(system.entries, `${directory}/boot.img`)) {
    return { why: `the tree has no GRUB for it (/${directory}; Debian's package grub-pc-bin)` };
  }
  const modules = join(system.tree, directory);
  await copyModules(system, modules, join(added, system.grubDirectory, grubForBios));
  const core = await coreImage(caller, system, modules, scratch);
  if (core.length > room.count * 512) {
    return {
      why: `GRUB's core image has ${core.length} bytes, and there is room for ${room.count * 512} on the disk ${disk.name}`,
    };
  }
  return {
    disk: disk.name,
    code: bootCode(await readFile(join(modules, 'boot.img')), room.start),
    core: coreImageAt(core, room.start),
    coreOffset: room.start * 512,
  };
}

/** Writes what a BIOS starts into a disk; the partition table in its first sector stays. */
export async function writeBiosBoot(file: string, { code, core, coreOffset }: BiosBoot): Promise<void> {
  const disk = await open(file, 'r+');
  try {
    await disk.write(code, 0, code.length, 0);
    await disk.write(core, 0, core.length, coreOffset);
  } finally {
    await disk.close();
  }
}

/** On a GPT its own partition, on an MBR the gap before the first partition. A BIOS reads sectors of 512 bytes only. */
function roomOn({ label, sectorSize, partitions }: Disk): Room | undefined {
  if (sectorSize !== 512 || label === null) return undefined;
  if (label === 'gpt') {
    const partition = partitions.find(({ type }) => type.toUpperCase() === biosBootPartition);
    return partition && { start: partition.start, count: partition.size };
  }
  const first = Math.min(...partitions.map(({ start }) => start));
  return { start: 1, count: first - 1 };
}

async function coreImage(caller: Caller, system: BootSystem, modules: string, scratch: string): Promise<Buffer> {
  const { bootFiles, grubDirectory, target } = system;
  const configuration = join(scratch, 'core.cfg');
  const image = join(scratch, 'core.img');
  await writeFile(configuration, firstConfiguration(bootFiles, grubDirectory));
  await run(
    caller,
    command('grub-mkimage', [
      ...['--format', target.grubForBios ?? '', '--directory', modules, '--output', image],
      ...['--prefix', bootFiles.locate(grubDirectory), '--config', configuration],
      ...['biosdisk', 'search_fs_uuid', ...bootFiles.modules],
    ]),
  );
  return readFile(image);
}

/** As grub-install does, so that GRUB finds what it loads when it runs. */
async function copyModules({ entries }: BootSystem, from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const directory = from.slice(from.indexOf('/usr/lib/grub/') + 1);
  const names = entries
    .filter(({ path, kind }) => kind === 'f' && path.startsWith(`${directory}/`) && /\.(mod|lst)$/.test(path))
    .map(({ path }) => path.slice(directory.length + 1));
  for (const name of names) await copyFile(join(from, name), join(to, name));
}
