import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, statSync, type Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { TreeChanges } from '../config/image-spec.js';
import { ownersFile } from '../config/file-owners.js';
import { elementsRead } from '../elements/element-inputs.js';
import { naming, reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import type { NodeInputs } from './record.js';

/** What is known of a derived image beside the changes themselves. */
export interface DerivedFrom {
  /** The section, for messages. */
  readonly image: string;
  /** The content id of the parent's tree. */
  readonly parent: string;
  /** As in packages of Debian. */
  readonly arch: string;
  /** The rules of golden images that are not repaired; undefined: none are. */
  readonly goldenExcept: readonly string[] | undefined;
}

/**
 * What a derived image is made of.
 *
 * @throws UsageError for files that can't be read
 */
export async function inputsOf(from: DerivedFrom, changes: TreeChanges): Promise<NodeInputs> {
  const { packages, files, run, elements, elementPath, postScript } = changes;
  const { added, leftOut } = packages;
  const inputs: Record<string, string> = { parent: from.parent, arch: from.arch };
  const problems: string[] = [];
  const named = async (option: string, path: string, sum: (path: string) => Promise<string>) => {
    try {
      inputs[freeName(inputs, `${option} ${basename(path)}`)] = await sum(path);
    } catch (error) {
      problems.push(`[${from.image}] ${option} = ${path}: ${reasonOf(error)}`);
    }
  };
  if (added.length + leftOut.length > 0) {
    inputs.packages = [...added, ...leftOut.map((name) => `-${name}`)].join(' ');
  }
  if (elements.length > 0) {
    inputs.elements = elements.join(' ');
    const variables = Object.entries(changes.elementEnvironment).sort();
    if (variables.length > 0) inputs['element-environment'] = JSON.stringify(variables);
    for (const { directory } of elementsRead(elements, elementPath)) await named('element', directory, sumOfDirectory);
  }
  for (const directory of files) await named('files', directory, sumOfFiles);
  for (const script of run) await named('run', script, sumOfScript);
  if (postScript !== undefined) inputs['post-script'] = createHash('sha256').update(postScript).digest('hex');
  if (from.goldenExcept === undefined) inputs.golden = 'off';
  else if (from.goldenExcept.length > 0) inputs['golden-except'] = from.goldenExcept.toSorted().join(',');
  if (problems.length > 0) throw new UsageError(problems);
  return inputs;
}

/** Two scripts may have the same name, in different directories. */
function freeName(inputs: NodeInputs, name: string): string {
  for (let number = 2, free = name; ; free = `${name} (${number++})`) if (inputs[free] === undefined) return free;
}

/** @throws Error for what is no script. A pipe is one: reading it would not end, and not even a signal would end that. */
export function expectScript(path: string): void {
  const stats = statSync(path);
  if (stats.isDirectory()) throw new Error('it is a directory');
  if (!stats.isFile()) throw new Error('it is no regular file');
  accessSync(path, constants.R_OK);
}

async function sumOfScript(path: string): Promise<string> {
  expectScript(path);
  return sumOfFile(path);
}

async function sumOfFile(path: string | Buffer): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw naming(path.toString(), error);
  }
  return hash.digest('hex');
}

/** A directory that is copied, and the list of modes beside it. @throws Error for what can't be copied */
async function sumOfFiles(directory: string): Promise<string> {
  const modes = await readFile(ownersFile(directory), 'utf8').catch(() => '');
  const sum = await sumOf(directory, ({ path, stats }) => {
    const shown = path.toString();
    if (!isUtf8(path))
      throw new Error(`the name of ${shown} is not UTF-8; rename it, or let a script of 'run' make it`);
    if (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) return isExecutable(stats);
    throw new Error(`${shown} is neither a file, a directory nor a symbolic link`);
  });
  return createHash('sha256').update(sum).update(modes).digest('hex');
}

/** Names, kinds, contents, targets of links, and which files can be executed. */
export async function sumOfDirectory(directory: string): Promise<string> {
  return sumOf(directory, ({ stats }) => isExecutable(stats));
}

/** The same of a system's tree, whose owners and permissions count as well. */
export async function sumOfSystem(directory: string): Promise<string> {
  return sumOf(directory, ({ stats: { mode, uid, gid } }) => [mode & 0o7777, uid, gid]);
}

const isExecutable = ({ mode }: Stats) => (mode & 0o111) !== 0;

/** @param counts what else counts of a file, beside its name, kind and content */
async function sumOf(
  directory: string,
  counts: (file: { readonly path: Buffer; readonly stats: Stats }) => unknown,
): Promise<string> {
  const hash = createHash('sha256');
  const slash = Buffer.from('/');
  // Names are bytes: those of a system may have any encoding.
  const add = async (path: Buffer, name: Buffer): Promise<void> => {
    const stats = await lstat(path);
    const told = counts({ path, stats });
    const tell = (...words: unknown[]) => {
      const shown = isUtf8(name) ? name.toString() : ['bytes', name.toString('latin1')];
      hash.update(JSON.stringify([words[0], shown, told, ...words.slice(1)]));
    };
    if (stats.isDirectory()) {
      tell('directory');
      for (const each of (await readdir(path, { encoding: 'buffer' })).sort((one, other) => one.compare(other))) {
        await add(Buffer.concat([path, slash, each]), Buffer.concat([name, slash, each]));
      }
    } else if (stats.isSymbolicLink()) {
      tell('link', (await readlink(path, { encoding: 'buffer' })).toString('latin1'));
    } else if (!stats.isFile()) {
      // A device or pipe of a system's tree: reading it would not end.
      tell('special', stats.mode, stats.rdev);
    } else {
      tell('file', await sumOfFile(path));
    }
  };
  if (!(await lstat(directory)).isDirectory()) throw new Error('it is no directory');
  await add(Buffer.from(directory), Buffer.alloc(0));
  return hash.digest('hex');
}
