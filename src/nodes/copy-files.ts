import { chmod, copyFile, lchown, lstat, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../host/failure.js';
import { pathInTree } from '../sandbox/tree-path.js';
import { modeOf, readModes, type FileMode } from './file-modes.js';

/** Which numbers the names of owners have in a tree. */
interface Owners {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
}

/**
 * Copies a directory into a tree, over what is there. Everything belongs to root, and gets 0755 if it is a directory or
 * can be executed, else 0644, unless the list beside the directory says otherwise. Directories that the tree has keep
 * their owner and permissions; a link of the tree to a directory is followed, within the tree.
 */
export async function copyFiles(directory: string, root: string): Promise<void> {
  const modes = await readModes(directory);
  const owners = await ownersIn(root);
  const used = new Set<FileMode>();
  for (const name of (await readdir(directory)).sort()) await copy(name, '/');
  const unused = modes.find((each) => !used.has(each));
  if (unused !== undefined) {
    throw new Failure(`${directory}.modes: there is nothing at ${unused.pattern} in ${directory}`);
  }

  async function copy(name: string, above: string): Promise<void> {
    const path = join(above, name);
    const from = join(directory, path);
    const stats = await lstat(from);
    const said = modeOf(modes, path);
    if (said !== undefined) used.add(said);
    const parent = await pathInTree(root, above);
    const to = join(parent, name);
    if (stats.isDirectory()) {
      const real = await pathInTree(root, path);
      const there = await lstat(real).catch(() => undefined);
      if (there !== undefined && !there.isDirectory()) {
        throw new Failure(`${from} is a directory, and ${path} of the tree is none`);
      }
      if (there === undefined) await mkdir(real, { recursive: true });
      if (there === undefined || said !== undefined) await own(real, said, 0o755);
      for (const each of (await readdir(from)).sort()) await copy(each, path);
      return;
    }
    if ((await lstat(to).catch(() => undefined))?.isDirectory()) {
      throw new Failure(`${path} of the tree is a directory, and ${from} is none`);
    }
    await mkdir(dirname(to), { recursive: true });
    await rm(to, { force: true });
    if (stats.isSymbolicLink()) {
      await symlink(await readlink(from), to);
      await lchown(to, owner(said?.owner, owners.users), owner(said?.group, owners.groups));
    } else if (stats.isFile()) {
      await copyFile(from, to, constants.COPYFILE_FICLONE);
      await own(to, said, (stats.mode & 0o111) === 0 ? 0o644 : 0o755);
    } else {
      throw new Failure(`${from} is neither a file, a directory nor a symbolic link`);
    }
  }

  async function own(path: string, said: FileMode | undefined, usual: number): Promise<void> {
    // chown clears the set-uid bit.
    await lchown(path, owner(said?.owner, owners.users), owner(said?.group, owners.groups));
    await chmod(path, said?.mode ?? usual);
  }

  function owner(name: string | undefined, known: ReadonlyMap<string, number>): number {
    if (name === undefined || name === 'root') return 0;
    const number = /^\d+$/.test(name) ? Number(name) : known.get(name);
    if (number !== undefined) return number;
    throw new Failure(`${directory}.modes: the tree has no user or group '${name}'`, {
      hint: 'Packages and elements come before files: is it one of theirs? Else give its number.',
    });
  }
}

async function ownersIn(root: string): Promise<Owners> {
  const read = async (file: string) => {
    const text = await readFile(await pathInTree(root, file), 'utf8').catch(() => '');
    return new Map(
      text.split('\n').flatMap((line): [string, number][] => {
        const [name = '', , number] = line.split(':');
        return number === undefined ? [] : [[name, Number(number)]];
      }),
    );
  };
  return { users: await read('/etc/passwd'), groups: await read('/etc/group') };
}
