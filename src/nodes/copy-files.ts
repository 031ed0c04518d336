import { chmod, copyFile, lchown, lstat, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { fileOwners, ownersFile, type FileOwner } from '../config/file-owners.js';
import { Failure } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import { pathInTree } from '../sandbox/tree-path.js';

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
export async function copyFiles(host: Caller, directory: string, root: string): Promise<void> {
  const list = fileOwners(directory);
  const owners = await ownersIn(root);
  /** What was copied, by the path that the list has for it. */
  const copied = new Map<string, string>();
  for (const name of (await readdir(directory)).sort()) await copy(name, '/');
  for (const each of list) await settle(each);

  async function copy(name: string, above: string): Promise<void> {
    const path = join(above, name);
    const from = join(directory, path);
    const stats = await lstat(from);
    if (stats.isDirectory()) {
      const to = await pathInTree(root, path);
      const there = await lstat(to).catch(() => undefined);
      if (there !== undefined && !there.isDirectory()) {
        throw new Failure(`${from} is a directory, and ${path} of the tree is none`);
      }
      if (there === undefined) {
        await mkdir(to);
        await own(to, 0o755);
      }
      copied.set(path, to);
      for (const each of (await readdir(from)).sort()) await copy(each, path);
      return;
    }
    const to = join(await pathInTree(root, above), name);
    if ((await lstat(to).catch(() => undefined))?.isDirectory()) {
      throw new Failure(`${path} of the tree is a directory, and ${from} is none`);
    }
    await rm(to, { force: true });
    if (stats.isSymbolicLink()) {
      await symlink(await readlink(from), to);
      await lchown(to, 0, 0);
    } else if (stats.isFile()) {
      await copyFile(from, to, constants.COPYFILE_FICLONE);
      await own(to, (stats.mode & 0o111) === 0 ? 0o644 : 0o755);
    } else {
      throw new Failure(`${from} is neither a file, a directory nor a symbolic link`);
    }
    copied.set(path, to);
  }

  async function settle({ user, group, mode, path, recursive }: FileOwner): Promise<void> {
    const meant = [...copied].filter(([name]) => name === path || (recursive && name.startsWith(`${path}/`)));
    if (meant.length === 0) {
      throw new Failure(`${ownersFile(directory)}: there is no ${path} in ${directory}`);
    }
    const changed: string[] = [];
    for (const [, place] of meant) {
      const stats = await lstat(place);
      const [uid, gid] = [number(user, owners.users, stats.uid), number(group, owners.groups, stats.gid)];
      await lchown(place, uid, gid);
      if (stats.isSymbolicLink()) continue;
      // The kernel takes set-uid bits away from what gets another owner.
      await chmod(place, stats.mode & 0o7777);
      changed.push(place);
    }
    if (mode === undefined) return;
    for (let at = 0; at < changed.length; at += 500) {
      await run(host, command('chmod', [mode, '--', ...changed.slice(at, at + 500)]));
    }
  }

  function number(name: string | undefined, known: ReadonlyMap<string, number>, usual: number): number {
    if (name === undefined) return usual;
    const found = /^\d+$/.test(name) ? Number(name) : known.get(name);
    if (found !== undefined) return found;
    throw new Failure(`${ownersFile(directory)}: the tree has no user or group '${name}'`, {
      hint: 'Elements and packages come before files: is it one of theirs? Else give its number.',
    });
  }
}

async function own(path: string, mode: number): Promise<void> {
  await lchown(path, 0, 0);
  await chmod(path, mode);
}

async function ownersIn(root: string): Promise<Owners> {
  const read = async (file: string) => {
    const text = await readFile(await pathInTree(root, file), 'utf8').catch(() => '');
    return new Map(
      text.split('\n').flatMap((line): [string, number][] => {
        const [name = '', , id] = line.split(':');
        return id === undefined ? [] : [[name, Number(id)]];
      }),
    );
  };
  return { users: await read('/etc/passwd'), groups: await read('/etc/group') };
}
