import { dirname, posix } from 'node:path';
import type { Source } from '../config/source.js';
import { Failure } from '../host/failure.js';

/** A list of checksums, as mirrors keep one beside their files. */
export interface ChecksumList {
  /** Where it came from: what it lists is relative to its directory. */
  readonly source: Source;
  readonly sums: readonly ListedSum[];
}

export interface ListedSum {
  /** Without `./` before it. */
  readonly path: string;
  /** `sha256`, `md5`, … */
  readonly algorithm: string;
  /** In small letters. */
  readonly sum: string;
}

/** In characters: a sum, a path of PATH_MAX, and what stands between them. A longer line is none of a list. */
const LONGEST_LINE = 4096 + 256;

/** What `md5sum` and its kin print is told apart by its length, in hexadecimal digits. */
const algorithms: Readonly<Record<number, string>> = {
  32: 'md5',
  40: 'sha1',
  64: 'sha256',
  96: 'sha384',
  128: 'sha512',
};

/**
 * Reads a checksum list of one of the usual formats; lines that are none of it, such as comments, do not count:
 *
 * - what sha256sum(1) prints, `SUM  PATH` and `SUM *PATH`: Debian, Ubuntu, openSUSE
 * - what it prints with `--tag`, `SHA256 (PATH) = SUM`: Fedora's CHECKSUM files
 * - the section `[checksums]` of a `.treeinfo`, `PATH = sha256:SUM`: Anaconda's families
 *
 * @throws Failure if there is no sum in it at all
 */
export function readChecksumList(source: Source, text: string): ChecksumList {
  const lines = text.split(/\r?\n/).filter((line) => line.length <= LONGEST_LINE);
  const sums = lines.includes('[checksums]')
    ? treeinfoLines(lines).flatMap(treeinfoSum)
    : lines.flatMap((line) => [...plainSum(line), ...taggedSum(line)]);
  if (sums.length > 0) return { source, sums };
  throw new Failure(`checksums: there is no checksum in ${source.shown}`, {
    hint: 'Name a SHA256SUMS file or a .treeinfo.',
  });
}

/**
 * The SHA-256 sum that a file must have.
 *
 * @param option the option that names the file, for messages
 * @throws Failure unless the list has exactly one SHA-256 sum for the file
 */
export function listedSum(list: ChecksumList, option: string, file: Source): string {
  const path = listedPath(list, file);
  const listed = list.sums.filter((entry) => entry.path === path);
  const wrong = (why: string, hint?: string) =>
    new Failure(`${option}: the checksum list ${list.source.shown} ${why} (for ${file.shown})`, { hint });
  if (listed.length === 0) {
    throw wrong(`has no sum for ${path}`, 'Check that it is the complete list of this release.');
  }
  const [sum, ...others] = new Set(listed.filter(({ algorithm }) => algorithm === 'sha256').map(({ sum }) => sum));
  if (sum === undefined) {
    const weak = [...new Set(listed.map(({ algorithm }) => algorithm))].join(', ');
    throw wrong(`has no SHA-256 sum for ${path}, but only ${weak}`, 'Look for a SHA256SUMS file beside it.');
  }
  if (others.length > 0) throw wrong(`has different SHA-256 sums for ${path}: ${[sum, ...others].join(', ')}`);
  return sum;
}

/**
 * By which name a list knows a file: its path below the list's directory. A file that lies elsewhere (another mirror
 * than the list's) goes by the longest path in the list that its own path ends with.
 */
function listedPath({ source, sums }: ChecksumList, { location: file }: Source): string {
  const list = source.location;
  const directory = `${dirname(list.path).replace(/\/$/, '')}/`;
  if (file.host === list.host && file.path.startsWith(directory)) return file.path.slice(directory.length);
  const longestFirst = sums.map(({ path }) => path).sort((one, other) => other.length - one.length);
  return longestFirst.find((path) => file.path.endsWith(`/${path}`)) ?? posix.basename(file.path);
}

function plainSum(line: string): ListedSum[] {
  const [, sum = '', path] = /^([0-9a-f]{32,128})\s+\*?(\S.*)$/i.exec(line) ?? [];
  const algorithm = algorithms[sum.length];
  return path !== undefined && algorithm !== undefined ? [entry(path, algorithm, sum)] : [];
}

function taggedSum(line: string): ListedSum[] {
  const [, algorithm, path, sum] = /^([A-Z0-9-]+) \((.+)\) = ([0-9a-f]+)$/i.exec(line) ?? [];
  return algorithm && path && sum ? soundEntry(path, algorithm, sum) : [];
}

function treeinfoLines(lines: readonly string[]): readonly string[] {
  const section = lines.slice(lines.indexOf('[checksums]') + 1);
  const next = section.findIndex((line) => line.startsWith('['));
  return next === -1 ? section : section.slice(0, next);
}

function treeinfoSum(line: string): ListedSum[] {
  const [, path, algorithm, sum] = /^(\S+)\s*=\s*([a-z0-9]+):([0-9a-f]+)\s*$/i.exec(line) ?? [];
  return algorithm && path && sum ? soundEntry(path, algorithm, sum) : [];
}

/** None where sum and algorithm don't fit each other. */
function soundEntry(path: string, algorithm: string, sum: string): ListedSum[] {
  const named = algorithm.toLowerCase().replace('-', '');
  return algorithms[sum.length] === named ? [entry(path, named, sum)] : [];
}

function entry(path: string, algorithm: string, sum: string): ListedSum {
  return { path: posix.normalize(path), algorithm, sum: sum.toLowerCase() };
}
