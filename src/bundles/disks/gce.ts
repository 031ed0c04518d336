import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { filter, nothing } from '../../host/filter.js';
import { command } from '../../host/host.js';
import { compressor } from '../../layers/export/compressor.js';
import { fileNameOf, writeStream, type Made, type Making } from '../making.js';
import type { DiskSource } from '../source.js';
import { copyRaw } from './raw.js';

/**
 * What Compute Engine imports: an archive in the old GNU format, compressed by gzip, with one sparse member called
 * disk.raw (https://cloud.google.com/compute/docs/import/import-existing-image).
 */
export async function writeGce(making: Making, source: DiskSource): Promise<Made> {
  const { host, directory, time } = making;
  const name = await fileNameOf(making);
  const disk = join(directory, 'disk.raw');
  await copyRaw(making, source, disk);
  const archive = command('tar', [
    ...['--create', '--format=oldgnu', '--sparse', '--no-acls', '--no-xattrs', '--no-selinux'],
    ...['--owner=0', '--group=0', '--numeric-owner', '--mode=644', `--mtime=@${time}`],
    ...['--directory', directory, 'disk.raw'],
  ]);
  host.log.progress({ text: `Writing ${name}` });
  await writeStream(making, name, compressor(host, 'gzip')(filter(host, archive)(nothing())));
  await rm(disk);
  return { files: [name], disk: { format: 'raw', file: name, member: 'disk.raw', compressed: true } };
}
