import type { DocumentPartition } from './document.js';
import { items, type Entry, type Item, type Reference } from './expand.js';
import type { KeyReader } from './key-reader.js';
import { gptTypes, parseGptType, parseMbrType } from './partition-types.js';
import { parseShare, parseSize } from './size.js';

/** What `local_loop` says. */
export interface ReadDisk {
  readonly name: string;
  readonly line: number;
  readonly size: number | undefined;
  readonly sectorSize: 512 | 4096;
}

export function readDisk({ name, line, keys }: Entry): ReadDisk[] {
  const size = keys.parsed('size', parseSize);
  if (size === 0) keys.error('size', ': expected more than nothing');
  const sectorSize = keys.parsed('block_size', sectorSizeOf) ?? 512;
  if (keys.has('directory')) keys.warn('directory', ' has no effect: a build makes the disk in a directory of its own');
  if (keys.has('base')) keys.warn('base', ' has no effect: a disk stands on nothing');
  return name === undefined ? [] : [{ name, line, size: size === 0 ? undefined : size, sectorSize }];
}

function sectorSizeOf(text: string): 512 | 4096 {
  if (text === '512') return 512;
  if (text === '4096') return 4096;
  throw new Error("'512' or '4096'");
}

/** What `partitioning` says. */
export interface ReadTable {
  readonly line: number;
  readonly base: Reference | undefined;
  readonly where: string;
  readonly label: 'mbr' | 'gpt' | undefined;
  /** Bytes. */
  readonly align: number;
  readonly partitions: readonly ReadPartition[];
}

/** One without a size has been complained of, and has still a name. */
export type ReadPartition = Omit<DocumentPartition, 'size'> & { readonly size: DocumentPartition['size'] | undefined };

export function readTable({ line, base, keys }: Entry): ReadTable {
  if (!keys.has('label')) keys.required('label', "'mbr' or 'gpt'");
  const label = keys.parsed('label', labelOf);
  const align = keys.parsed('align', alignOf);
  if (align !== undefined && label === 'gpt')
    keys.warn('align', ' has no effect on a GPT, whose partitions start at whole MiB');
  if (!keys.has('partitions')) keys.required('partitions', 'a list of partitions');
  const partitions = items(keys, 'partitions', 'partition', 'partition');
  if (keys.entries.get('partitions')?.value.kind === 'list' && partitions.length === 0) {
    keys.warn('partitions', ' is empty: no partition table is written');
  }
  return {
    line,
    base,
    where: keys.where,
    label,
    align: align ?? 2 ** 20,
    partitions: partitions.flatMap((item) => readPartition(item, label, base)),
  };
}

function labelOf(text: string): 'mbr' | 'gpt' {
  if (text === 'mbr' || text === 'gpt') return text;
  throw new Error(`'mbr' or 'gpt'${/^(?:ms)?dos$/i.test(text) ? " (did you mean 'mbr'?)" : ''}`);
}

function alignOf(text: string): number {
  const bytes = parseSize(text);
  if (bytes === 0 || bytes % 512 !== 0) throw new Error('a multiple of 512 bytes, such as 1MiB');
  return bytes;
}

function readPartition(
  { name, keys }: Item,
  label: 'mbr' | 'gpt' | undefined,
  base: Reference | undefined,
): ReadPartition[] {
  if (!keys.has('size')) keys.required('size', "a size such as '10GiB', or '100%' of what is left");
  const size = keys.parsed('size', parseShare);
  const own = keys.text('base', 'the name of a disk');
  if (own !== undefined && base !== undefined && own !== base.name) {
    keys.warn('base', ` has no effect: the base of its 'partitioning', '${base.name}', counts`);
  }
  const flags = flagsOf(keys, label);
  if (label === 'gpt' && name !== undefined && name.length > 36) {
    keys.error('name', ` '${name}': expected at most 36 characters, as the names of a GPT have`);
  }
  const parse = { mbr: parseMbrType, gpt: parseGptType };
  const type = label && keys.parsed('type', parse[label]);
  const common = {
    line: keys.line,
    size,
    sizeLine: keys.lineOf('size'),
    type: type ?? (label === 'gpt' ? gptTypes.linux : '0x83'),
    flags: flags.includes('boot') && label === 'mbr' ? (['boot'] as const) : [],
    isPrimary: flags.includes('primary'),
  };
  return name === undefined ? [] : [{ name, ...common }];
}

function flagsOf(keys: KeyReader, label: 'mbr' | 'gpt' | undefined): string[] {
  const expected = "a list of 'boot' and 'primary', such as [boot, primary]";
  return (keys.words('flags', expected) ?? []).flatMap(({ text, line }) => {
    if (text === 'primary' && label === 'gpt') {
      keys.findings.error(line, `${keys.where}: flags: a GPT has no 'primary' partitions: leave it out`);
    } else if (text === 'boot' && label === 'gpt') {
      keys.findings.warn(
        line,
        `${keys.where}: flags: 'boot' has no effect in a GPT, where the types of partitions say what boots`,
      );
    } else if (text !== 'boot' && text !== 'primary') {
      keys.findings.error(line, `${keys.where}: flags: unknown flag '${text}'; expected ${expected}`);
    }
    return [text];
  });
}
