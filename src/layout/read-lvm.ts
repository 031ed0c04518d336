import type { VolumeSize } from './document.js';
import { items, type Entry, type Item, type Reference } from './expand.js';
import type { KeyReader } from './key-reader.js';
import { parseSize } from './size.js';

/** What `lvm` says. */
export interface ReadLvm {
  readonly physicalVolumes: readonly ReadPhysicalVolume[];
  readonly groups: readonly ReadGroup[];
  readonly volumes: readonly ReadVolume[];
}

export interface ReadPhysicalVolume {
  readonly name: string;
  readonly line: number;
  readonly where: string;
  readonly base: Reference | undefined;
}

export interface ReadGroup {
  readonly name: string;
  readonly line: number;
  readonly where: string;
  readonly bases: readonly Reference[];
}

export interface ReadVolume {
  readonly name: string;
  readonly line: number;
  readonly where: string;
  readonly base: Reference | undefined;
  /** Undefined where it is missing or wrong, which has been complained of. */
  readonly size: VolumeSize | undefined;
  readonly sizeLine: number;
  readonly type: 'linear' | 'thin-pool' | 'thin';
  readonly thinPool: Reference | undefined;
}

export function readLvm({ keys }: Entry): ReadLvm {
  for (const list of ['pvs', 'vgs', 'lvs']) if (!keys.has(list)) keys.required(list, 'a list');
  return {
    physicalVolumes: items(keys, 'pvs', 'pv', 'physical volume').flatMap(readPhysicalVolume),
    groups: items(keys, 'vgs', 'vg', 'volume group').flatMap(readGroup),
    volumes: items(keys, 'lvs', 'lv', 'logical volume').flatMap(readVolume),
  };
}

function readPhysicalVolume({ name, keys }: Item): ReadPhysicalVolume[] {
  warnOfOptions(keys, 'pvcreate');
  const base = reference(keys, 'base', 'the name of a partition or disk');
  return name === undefined ? [] : [{ name, line: keys.line, where: keys.where, base }];
}

function readGroup({ name, keys }: Item): ReadGroup[] {
  warnOfOptions(keys, 'vgcreate');
  const expected = 'a list of physical volumes, such as [pv]';
  if (!keys.has('base')) keys.required('base', expected);
  const bases = (keys.words('base', expected) ?? []).map(({ text, line }) => ({ name: text, line }));
  if (keys.entries.get('base')?.value.kind === 'list' && bases.length === 0)
    keys.error('base', ` is empty; expected ${expected}`);
  rejectOddName(keys, name);
  return name === undefined ? [] : [{ name, line: keys.line, where: keys.where, bases }];
}

function readVolume({ name, keys }: Item): ReadVolume[] {
  warnOfOptions(keys, 'lvcreate');
  rejectOddName(keys, name);
  const type = keys.parsed('type', typeOf) ?? 'linear';
  const base = reference(keys, 'base', 'the name of a volume group');
  const size = sizeOf(keys, type);
  const thinPool = keys.has('thin-pool') ? reference(keys, 'thin-pool', 'the name of a thin pool') : undefined;
  if (type === 'thin' && !keys.has('thin-pool')) keys.required('thin-pool', 'the name of its thin pool');
  if (type !== 'thin' && keys.has('thin-pool')) keys.error('thin-pool', " is only for a volume with 'type: thin'");
  const sizeLine = keys.lineOf(keys.has('size') ? 'size' : 'extents');
  return name === undefined ? [] : [{ name, line: keys.line, where: keys.where, base, size, sizeLine, type, thinPool }];
}

function typeOf(text: string): 'thin-pool' | 'thin' {
  if (text === 'thin-pool' || text === 'thin') return text;
  const linear = text === 'linear' ? '; a volume is linear if it has no type' : '';
  throw new Error(`'thin-pool' or 'thin'${linear}`);
}

/** `size` before `extents`. */
function sizeOf(keys: KeyReader, type: ReadVolume['type']): VolumeSize | undefined {
  const size = keys.parsed('size', parseSize);
  const extents = keys.parsed('extents', extentsOf);
  if (keys.has('size') && keys.has('extents')) keys.warn('extents', " has no effect beside 'size'");
  if (!keys.has('size') && (!keys.has('extents') || type === 'thin')) {
    const more = type === 'thin' ? ' (a thin volume takes no extents)' : ", or 'extents' such as '50%VG' or '100%FREE'";
    keys.required('size', `a size such as '10GiB'${more}`);
    return undefined;
  }
  return keys.has('size') ? (size === undefined ? undefined : { bytes: size }) : extents;
}

/** As lvcreate(8) takes it after `-l`. */
function extentsOf(text: string): VolumeSize {
  const [, digits, of] = /^([0-9]+)(?:%(VG|FREE|PVS))?$/i.exec(text) ?? [];
  const number = Number(digits);
  if (digits === undefined || number === 0 || (of !== undefined && number > 100)) {
    throw new Error("a whole per cent such as '50%VG' or '100%FREE', or a number of extents");
  }
  if (of === undefined) return { extents: number };
  return { percent: number, of: of.toUpperCase() === 'FREE' ? 'FREE' : 'VG' };
}

function reference(keys: KeyReader, key: string, expected: string): Reference | undefined {
  const name = keys.required(key, expected);
  return keys.has(key) ? { name: name ?? '', line: keys.lineOf(key) } : undefined;
}

/** What these programs need to go on without questions. */
const harmless = ['--force', '-f', '-ff', '-y', '--yes', '-q', '--quiet'];

function warnOfOptions(keys: KeyReader, program: string): void {
  for (const { text, line } of keys.words('options', `a list of options of ${program}, such as ["--force"]`) ?? []) {
    if (harmless.includes(text)) continue;
    keys.findings.warn(
      line,
      `${keys.where}: options: '${text}' has no effect: image-factory does not pass options to ${program}`,
    );
  }
}

/** As lvm(8) has it, "Valid names". */
function rejectOddName(keys: KeyReader, name: string | undefined): void {
  if (name === undefined || /^(?![-.]{1,2}$)[\w+.][\w+.-]{0,126}$/.test(name)) return;
  keys.error('name', ` '${name}': expected letters, digits and + _ . -, not beginning with '-', as LVM has it`);
}
