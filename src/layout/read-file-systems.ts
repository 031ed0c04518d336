import { nearestWord } from '../config/suggestion.js';
import type { DocumentMount } from './document.js';
import { items, type Entry, type Reference } from './expand.js';
import { fileSystemTypes, isFat, isUuid, longestLabel, refusedInFatLabels } from './file-system-types.js';
import type { KeyReader } from './key-reader.js';

/** What `mkfs` says. */
export interface ReadFileSystem {
  readonly name: string;
  readonly line: number;
  readonly where: string;
  readonly base: Reference | undefined;
  readonly type: string;
  readonly label: string;
  readonly labelLine: number;
  readonly uuid: string | undefined;
  readonly options: readonly string[];
  readonly grow: boolean;
  readonly growLine: number;
  readonly subvolumes: readonly { readonly name: string; readonly line: number }[];
}

/** The file system that diskimage-builder gives defaults. */
const root = 'mkfs_root';

export function readFileSystem({ name, line, base, keys }: Entry): ReadFileSystem[] {
  const type = typeOf(keys, name);
  const label = labelOf(keys, name, type);
  const uuid = keys.text('uuid', 'a UUID');
  if (uuid !== undefined && type !== undefined && !isUuid(type, uuid)) {
    const wanted = isFat(type) ? "a serial number such as '1A2B-3C4D'" : 'a UUID such as uuidgen prints';
    keys.findings.unusable(
      keys.lineOf('uuid'),
      `${keys.where}: uuid '${uuid}': expected ${wanted}; mkfs takes no other`,
    );
  }
  const opts = keys.text('opts', "text, such as '-i 16384'")?.trim();
  if (type === 'swap' && opts) keys.warn('opts', ' has no effect on swap space');
  const grow = keys.boolean('grow') ?? false;
  if (grow && type === 'swap') keys.error('grow', ': swap space does not grow');
  if (name === undefined || type === undefined) return [];
  return [
    {
      name,
      line,
      where: keys.where,
      base,
      type,
      label,
      labelLine: keys.lineOf('label'),
      uuid,
      options: opts && type !== 'swap' ? opts.split(/ +/) : [],
      grow: grow && type !== 'swap',
      growLine: keys.lineOf('grow'),
      subvolumes: subvolumesOf(keys, type),
    },
  ];
}

/** Any word: mkfs(8) knows what programs there are. */
function typeOf(keys: KeyReader, name: string | undefined): string | undefined {
  if (!keys.has('type') && name === root) return 'ext4';
  const type = keys.required('type', `a type for mkfs, such as ${fileSystemTypes.join(', ')}`);
  if (type === undefined) return undefined;
  if (!/^[a-z][\w.+-]*$/i.test(type)) {
    keys.error('type', ` '${type}': expected a type for mkfs, such as ${fileSystemTypes.join(', ')}`);
    return undefined;
  }
  if (!fileSystemTypes.includes(type)) {
    const near = nearestWord(type, fileSystemTypes);
    const meant = near === undefined ? '' : ` (did you mean '${near}'?)`;
    keys.findings.unusable(
      keys.lineOf('type'),
      `${keys.where}: type '${type}' is none that image-factory knows${meant}; known are ${fileSystemTypes.join(', ')}`,
    );
  }
  return type;
}

function labelOf(keys: KeyReader, name: string | undefined, type: string | undefined): string {
  const given = keys.text('label', 'a label');
  const fallback = name === root ? (type === 'xfs' ? 'img-rootfs' : 'cloudimg-rootfs') : (name ?? '');
  const written = given ?? fallback;
  const label = type !== undefined && isFat(type) ? written.toUpperCase() : written;
  if (name === undefined || type === undefined) return label;
  const what = given === undefined ? `'${label}', which is its name for want of a 'label',` : `'${label}'`;
  const longest = longestLabel(type);
  const length = Buffer.byteLength(label);
  if (label === '') keys.error('label', ' is empty: fstab names file systems by their labels');
  if (longest !== undefined && length > longest) {
    keys.error('label', `: ${what} has ${length} bytes; expected at most ${longest}, as ${type} has it: set 'label'`);
  }
  if (/\p{Cc}/u.test(label)) keys.error('label', ': expected text without control characters');
  if (isFat(type) && refusedInFatLabels.test(label)) {
    keys.error('label', `: ${what} has characters that a FAT does not take: * ? . , ; : / \\ | + = < > [ ] "`);
  }
  return label;
}

function subvolumesOf(keys: KeyReader, type: string): { name: string; line: number }[] {
  if (keys.has('subvolumes') && type !== 'btrfs') {
    keys.error('subvolumes', `: a file system of the type '${type}' has none; expected 'type: btrfs'`);
  }
  const seen = new Set<string>();
  return items(keys, 'subvolumes', 'subvolume', 'subvolume').flatMap(({ name, keys: { line, where } }) => {
    if (name === undefined) return [];
    const plain = name.replace(/^\//, '');
    if (!/^[^/\s,]+(?:\/[^/\s,]+)*$/.test(plain) || /(?:^|\/)\.\.?(?:\/|$)/.test(plain)) {
      keys.findings.error(line, `${where}: expected a path such as '@home', without blanks and commas`);
    }
    if (seen.has(plain)) keys.findings.error(line, `${where} is there twice`);
    seen.add(plain);
    return [{ name, line }];
  });
}

/** What `mount` says. */
export interface ReadMount {
  readonly name: string;
  readonly line: number;
  readonly where: string;
  readonly base: Reference | undefined;
  /** Undefined where it is missing or wrong, which has been complained of; the text for what may be swap. */
  readonly point: string | undefined;
  readonly pointLine: number;
}

export function readMount({ name, line, base, keys }: Entry): ReadMount[] {
  const point = keys.required('mount_point', "a path such as '/var', or 'none' for swap");
  if (name === undefined) return [];
  return [{ name, line, where: keys.where, base, point, pointLine: keys.lineOf('mount_point') }];
}

/** @throws Error that says what would be right */
export function parseMountPoint(text: string): string {
  const path = text.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
  if (!path.startsWith('/') || /\/\.\.?(?:\/|$)/.test(path) || /\p{Cc}/u.test(path)) {
    throw new Error("a path that begins with '/', without '.' and '..', such as '/var'");
  }
  return path;
}

/** What `fstab` says. */
export interface ReadFstab {
  readonly name: string;
  readonly line: number;
  readonly where: string;
  readonly base: Reference | undefined;
  readonly optionsLine: number;
  readonly entry: NonNullable<DocumentMount['fstab']>;
}

export function readFstab({ name, line, base, keys }: Entry): ReadFstab[] {
  const options = keys.parsed('options', optionsOf, "text, such as 'defaults,noatime'") ?? ['defaults'];
  const dump = keys.parsed('dump-freq', wholeNumber, 'a number') ?? 0;
  const pass = keys.parsed('fsck-passno', wholeNumber, 'a number') ?? 2;
  if (name === undefined) return [];
  const optionsLine = keys.lineOf('options');
  return [{ name, line, where: keys.where, base, optionsLine, entry: { options, dump, pass } }];
}

function optionsOf(text: string): string[] {
  const options = text.split(',');
  if (options.some((option) => option === '' || /[\s\p{Cc}]/u.test(option))) {
    throw new Error("options separated by commas, without blanks, such as 'defaults,noatime'");
  }
  return options;
}

function wholeNumber(text: string): number {
  if (!/^[0-9]$/.test(text)) throw new Error('a digit: 0 for never, 1 for the root file system, 2 for others');
  return Number(text);
}
