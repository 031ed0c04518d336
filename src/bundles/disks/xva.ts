import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compressor } from '../../layers/export/compressor.js';
import { archiveOf, type Member } from '../archive.js';
import { fileNameOf, numberOption, writeStream, type Made, type Making } from '../making.js';
import type { DiskSource } from '../source.js';
import { rawDisk } from './raw.js';
import { escaped } from './xml-text.js';

/** Bytes of the disk in each chunk but the last. */
const chunkSize = 1e9;

/**
 * XenServer's appliance of version 0.1: a tar archive with `ova.xml` first, then the disk as `xvda/chunk-NNNNNNNNN.gz`
 * (https://docs.xenserver.com, "XVA format").
 */
export async function writeXva(making: Making, source: DiskSource): Promise<Made> {
  const { host, directory, time } = making;
  const name = await fileNameOf(making);
  const raw = await rawDisk(source, making);
  const { size } = await source.grown(making.target.align);
  const members: Member[] = [{ name: 'ova.xml', content: await description(making, size) }];
  const files: string[] = [];
  host.log.progress({ text: `Writing ${name}` });
  for (let start = 0; start < size; start += chunkSize) {
    const chunk = `chunk-${String(start / chunkSize).padStart(9, '0')}.gz`;
    const end = Math.min(start + chunkSize, size) - 1;
    const read = createReadStream(raw, { start, end, highWaterMark: 2 ** 20 }) as AsyncIterable<Uint8Array>;
    await writeStream(making, chunk, compressor(host, 'gzip')(read));
    files.push(join(directory, chunk));
    members.push({ name: `xvda/${chunk}`, content: { file: join(directory, chunk) } });
  }
  await writeStream(making, name, archiveOf(members, time));
  for (const file of files) await rm(file);
  return { files: [name] };
}

async function description(making: Making, size: number): Promise<string> {
  const { target, image } = making;
  const facts = await making.facts();
  const isHvm = target.subformat !== 'pv';
  const boot = isHvm ? '' : ` kernel_boot_cmdline="root=${escaped(facts.root ?? '/dev/xvda1')} ro console=hvc0"`;
  return `<?xml version="1.0" ?>
<appliance version="0.1">
  <vm name="vm">
    <label>${escaped(image)}</label>
    <shortdesc>${escaped(facts.distribution.name)}</shortdesc>
    <config mem_set="${numberOption(target, 'memory', 1024) * 2 ** 20}" vcpus="${numberOption(target, 'cpus', 1)}"/>
    <hacks is_hvm="${isHvm}"${boot}/>
    <vbd device="xvda" function="root" mode="w" vdi="vdi_xvda"/>
  </vm>
  <vdi name="vdi_xvda" size="${size}" source="file://xvda" type="dir-gzipped-chunks" variety="system"/>
</appliance>
`;
}
