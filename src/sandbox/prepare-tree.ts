import { copyFile, lstat, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../host/failure.js';
import type { Bind } from './tree-mounts.js';
import { pathInTree } from './tree-path.js';

/** What was put into a tree. */
export interface PreparedTree {
  /** What programs see in it while they run. */
  readonly binds: readonly Bind[];
  /** Removes what was not there before. */
  takeAway(): Promise<void>;
}

/** Where the kernel's file systems and those of the sandbox are mounted. */
const mountPoints = ['/proc', '/sys', '/dev', '/run'];

/** Exit code 101 forbids it: invoke-rc.d(8), and Debian's policy-rc.d specification. */
const noServices = '#!/bin/sh\nexit 101\n';

/**
 * Puts into a tree what programs in it need and its own system has only when it runs.
 *
 * @param scratch a directory for the files that are seen in the tree
 */
export async function prepareTree(root: string, scratch: string): Promise<PreparedTree> {
  const undo: (() => Promise<void>)[] = [];
  const takeAway = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    for (const path of mountPoints) await makeMountPoint(root, path, undo);
    const binds = [...(await resolver(root, scratch, undo)), ...(await withoutServices(root, scratch, undo))];
    return { binds, takeAway };
  } catch (error) {
    await takeAway();
    throw error;
  }
}

async function makeMountPoint(root: string, path: string, undo: (() => Promise<void>)[]): Promise<void> {
  const here = join(root, path);
  const there = await lstat(here).catch(() => undefined);
  if (there?.isDirectory()) return;
  if (there !== undefined) {
    throw new Failure(`${path} of the tree is no directory, so no program can run in it`, {
      hint: 'Is this the root directory of a Linux system?',
    });
  }
  await mkdir(here, { mode: 0o755 });
  undo.push(() => rmdir(here).catch(() => undefined));
}

/** The name servers of this machine, wherever the tree's own resolv.conf leads. */
async function resolver(root: string, scratch: string, undo: (() => Promise<void>)[]): Promise<Bind[]> {
  const from = join(scratch, 'resolv.conf');
  await copyFile('/etc/resolv.conf', from).catch(() => writeFile(from, ''));
  if (!existsSync(join(root, 'etc'))) return [];
  const place = await pathInTree(root, '/etc/resolv.conf');
  const path = place.slice(root.length);
  if (path.startsWith('/run/')) return [{ from, to: path, mode: 'read-only' }];
  if (!existsSync(dirname(place))) return [];
  if (!existsSync(place)) {
    await writeFile(place, '', { mode: 0o644 });
    undo.push(() => removeIfEmpty(place));
  }
  return [{ from, to: path, mode: 'read-only' }];
}

/** Keeps packages from starting their services, where invoke-rc.d(8) or deb-systemd-invoke(1) would. */
async function withoutServices(root: string, scratch: string, undo: (() => Promise<void>)[]): Promise<Bind[]> {
  if (!existsSync(join(root, 'usr/bin/dpkg'))) return [];
  const place = await pathInTree(root, '/usr/sbin/policy-rc.d');
  if (!existsSync(dirname(place))) return [];
  const from = join(scratch, 'policy-rc.d');
  await writeFile(from, noServices, { mode: 0o755 });
  if (!existsSync(place)) {
    await writeFile(place, '', { mode: 0o755 });
    undo.push(() => removeIfEmpty(place));
  }
  return [{ from, to: place.slice(root.length), mode: 'read-only' }];
}

/** A package may have put a file of its own there meanwhile. */
async function removeIfEmpty(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there?.isFile() && there.size === 0) await rm(path);
}
