import { join } from 'node:path';
import { command, run } from '../../host/host.js';
import type { Making, Made } from '../making.js';
import { fileNameOf } from '../making.js';
import type { DiskSource } from '../source.js';
import { drivers, type ConvertedFormat } from './drivers.js';
import { steady } from './steady.js';

/** Writes a disk as qemu-img does. @returns the path of the file */
export async function convert(
  making: Making,
  source: DiskSource,
  as: {
    readonly format: ConvertedFormat;
    readonly name: string;
    readonly options: readonly string[];
    /** Of the clusters of qcow2. */
    readonly compressed?: boolean;
    readonly directory?: string;
  },
): Promise<string> {
  const { host, target, epoch } = making;
  const { path, format } = await source.grown(target.align);
  const file = join(as.directory ?? making.directory, as.name);
  host.log.progress({ text: `Writing ${as.name}` });
  await run(
    host,
    command('qemu-img', [
      ...['convert', '-f', format, '-O', drivers[as.format]],
      // Clusters in the order in which they get ready would lie elsewhere in each run.
      ...(epoch !== undefined ? ['-m', '1'] : as.format === 'qcow2' ? ['-W', '-m', '16'] : []),
      ...(as.compressed ? ['-c'] : []),
      ...as.options.flatMap((option) => ['-o', option]),
      ...[path, file],
    ]),
  );
  if (epoch !== undefined) await steady(file, as.format, making);
  return file;
}

/** The options of qemu-img that a target sets, in a list as its `-o` takes it: a comma is doubled. */
export function qemuOptions({ target }: Pick<Making, 'target'>): string[] {
  return Object.entries(target.options).map(([name, value]) => `${name}=${value.replaceAll(',', ',,')}`);
}

/** qcow2, VMDK, VDI, VHD, VHDX and a plain raw disk. */
export async function writeConverted(making: Making, source: DiskSource): Promise<Made> {
  const { target } = making;
  const format = target.format as ConvertedFormat;
  const name = await fileNameOf(making);
  const isCompressed = format === 'qcow2' && target.compression !== 'none';
  const options = [
    ...(isCompressed ? [`compression_type=${target.compression}`] : []),
    ...(target.subformat === undefined ? [] : [`subformat=${target.subformat}`]),
    // Without it, the size is rounded to what cylinders, heads and sectors can say.
    ...(format === 'vhd' ? ['force_size=on'] : []),
    ...qemuOptions(making),
  ];
  await convert(making, source, { format, name, options, compressed: isCompressed });
  return { files: [name], disk: { format: drivers[format], file: name } };
}
