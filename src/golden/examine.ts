import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { volumeOf } from '../disk/fstab.js';
import { namesPath } from '../disk/path-patterns.js';
import { holdsSwappedMemory } from '../disk/swap.js';
import type { DirectoryTree } from '../disk/directory-tree.js';
import { SystemFiles } from '../disk/system-files.js';
import { called } from '../disk/volume.js';
import type { Caller } from '../host/host.js';
import { withScratchDirectory } from '../host/scratch-directory.js';
import { Examined, type ExaminedDisk } from './examined.js';
import type { Rule } from './rule.js';

/** Bytes: longer than any text that rules read; of a longer one nothing is read. */
const longestText = 16 * 2 ** 20;

/** Bytes: more than any initramfs has. */
const longestCopy = 2 ** 30;

/** An installed system on a disk, or in a directory: there, nothing is known of a disk. */
export type GoldenFiles = SystemFiles | DirectoryTree;

/**
 * Reads from a system what rules look for, all at once, and hands it to an action; copies are gone when that ends.
 * Directories are listed level by level, each once; no file is read twice, and none that no rule asks for.
 */
export async function examine<T>(
  host: Caller,
  files: GoldenFiles,
  rules: readonly Rule[],
  action: (system: Examined) => Promise<T>,
): Promise<T> {
  const entries = await files.look([...new Set(rules.flatMap(({ looks }) => looks))]);
  const read = [...new Set(rules.flatMap(({ reads = [] }) => reads))];
  const copied = [...new Set(rules.flatMap(({ copies = [] }) => copies))];
  const whole = entries.filter(({ kind, size }) => kind === 'file' && size > 0);
  const small = whole.filter(({ path, size }) => size <= longestText && namesPath(read, path));
  const large = whole.filter(({ path, size }) => size <= longestCopy && namesPath(copied, path));
  const readAll = async (scratch: string) => {
    const wanted = [...new Set([...small, ...large])].map(({ path }, index) => ({
      path,
      to: join(scratch, String(index)),
    }));
    await files.copy(wanted);
    const copies = new Map(wanted.map(({ path, to }) => [path, to]));
    const texts = new Map<string, string>();
    for (const { path } of small) texts.set(path, await readFile(copies.get(path) ?? '', 'utf8'));
    return action(new Examined(entries, texts, copies, await knownOfDisk(files)));
  };
  return withScratchDirectory('check', readAll, host.scratch);
}

async function knownOfDisk(files: GoldenFiles): Promise<ExaminedDisk> {
  if (!(files instanceof SystemFiles)) return { uuidOf: () => undefined, usedSwap: [] };
  const { system, volumes } = files;
  const usedSwap: string[] = [];
  for (const volume of system.volumes.filter(({ fileSystem }) => fileSystem === 'swap')) {
    if (await holdsSwappedMemory(volumes.host, await volumes.stretch(volume)))
      usedSwap.push(`${called(volume)} (swap)`);
  }
  return { uuidOf: (device: string) => volumeOf(device, system.volumes)?.uuid, usedSwap };
}
