import { command, run, type Caller } from '../host/host.js';
import type { SourceImage } from './source-image.js';

/** How an image is partitioned: in the unit of which sectors its table counts. */
export interface TableKind {
  readonly label: 'gpt' | 'mbr' | 'none';
  /** Bytes; undefined where there is no table. */
  readonly sectorSize: 512 | 4096 | undefined;
}

/** Bytes in which both sizes of sectors have their second one, with the header of a GPT. */
const looked = 8192;

export async function readTableKind(host: Caller, { path, format, size }: SourceImage): Promise<TableKind> {
  const request = `read -v 0 ${Math.min(looked, size - (size % 512))}`;
  const { stdout } = await run(host, command('qemu-io', ['-r', '-f', format, '-c', request, path]));
  const bytes = Buffer.from(
    [...stdout.matchAll(/^[0-9a-f]{8,}: {2}((?:[0-9a-f]{2} )+)/gm)]
      .map(([, hex = '']) => hex.replaceAll(' ', ''))
      .join(''),
    'hex',
  );
  const header = ([512, 4096] as const).find((at) => bytes.toString('latin1', at, at + 8) === 'EFI PART');
  if (header !== undefined) return { label: 'gpt', sectorSize: header };
  const signed = bytes.length >= 512 && bytes.readUInt16LE(510) === 0xaa55;
  return signed ? { label: 'mbr', sectorSize: 512 } : { label: 'none', sectorSize: undefined };
}
