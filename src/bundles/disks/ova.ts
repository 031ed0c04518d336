import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '../../host/digest.js';
import { createHash } from 'node:crypto';
import { archiveOf } from '../archive.js';
import { fileNameOf, numberOption, writeStream, type Made, type Making } from '../making.js';
import type { DiskSource } from '../source.js';
import { convert } from './convert.js';
import { ovf } from './ovf.js';

/** A machine of vSphere 6.5 and later, which Workstation, Fusion and VirtualBox also take. */
const usualHardware = 13;

/** VMDK (streamOptimized) for a machine that OVF describes. @returns the size of the file */
export async function streamDisk(making: Making, source: DiskSource, name: string): Promise<number> {
  const { target } = making;
  const hardware = numberOption(target, 'hardware-version', usualHardware);
  const options = ['subformat=streamOptimized', 'adapter_type=lsilogic', `hwversion=${hardware}`];
  return (await stat(await convert(making, source, { format: 'vmdk', name, options }))).size;
}

/** What starts the disk: UEFI only where a BIOS could not. */
export async function firmwareOf({ facts }: Pick<Making, 'facts'>): Promise<'bios' | 'efi'> {
  const { has } = await facts();
  return has.has('uefi') && !has.has('bios') ? 'efi' : 'bios';
}

/** An archive of description, manifest and disk, in this order: vSphere reads it as a stream. */
export async function writeOva(making: Making, source: DiskSource): Promise<Made> {
  const { host, target, image, base, directory, time } = making;
  const name = await fileNameOf(making);
  const disk = `${base}-disk1.vmdk`;
  const fileSize = await streamDisk(making, source, disk);
  const { size: capacity } = await source.grown(target.align);
  const description = ovf({
    name: image,
    ...{ file: disk, fileSize, capacity },
    cpus: numberOption(target, 'cpus', 1),
    memory: numberOption(target, 'memory', 1024),
    firmware: await firmwareOf(making),
    facts: await making.facts(),
    osType: target.options['os-type'],
    systemType: `vmx-${numberOption(target, 'hardware-version', usualHardware)}`,
    network: target.options.network ?? 'VM Network',
  });
  const sum = createHash('sha256').update(description).digest('hex');
  const manifest = `SHA256(${base}.ovf)= ${sum}\nSHA256(${disk})= ${await sha256Of(host, join(directory, disk))}\n`;
  const members = [
    { name: `${base}.ovf`, content: description },
    { name: `${base}.mf`, content: manifest },
    { name: disk, content: { file: join(directory, disk) } },
  ];
  await writeStream(making, name, archiveOf(members, time));
  await rm(join(directory, disk));
  return { files: [name], disk: { format: 'vmdk', file: name, member: disk } };
}
