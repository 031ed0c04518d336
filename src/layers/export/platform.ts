import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import type { Host } from '../../host/host.js';
import { goArchitecture, goArchitectureHere } from '../go-architecture.js';
import type { ImageSettings } from '../image-settings.js';
import { bytePath } from '../walk.js';

/** For which machines a tree is, in the words of the OCI image specification: Go's GOARCH and GOARM. */
export interface Platform {
  readonly architecture: string;
  readonly variant?: string;
  /** Whether it has /bin/sh. */
  readonly shell: boolean;
}

/** Programs that a system has, the likeliest first. */
const candidates = ['bin/sh', 'usr/bin/env', 'sbin/init', 'usr/lib/systemd/systemd', 'bin/busybox'];

/**
 * The platform of layers, by the programs in them.
 *
 * @param trees the topmost first
 * @param said what an image says that they come from: it counts where no program is found
 * @returns undefined if nothing tells
 */
export function platformOf(trees: readonly string[], said?: ImageSettings): Platform | undefined {
  for (const candidate of candidates) {
    const file = fileIn(trees, candidate);
    const name = file && goArchitecture(firstBytes(file, 20));
    if (name === undefined) continue;
    const shell = candidate === 'bin/sh' || fileIn(trees, 'bin/sh') !== undefined;
    // 32-bit Arm of today's distributions is ARMv7, and that of 64 bits ARMv8.
    const variant = { arm: 'v7', arm64: 'v8' }[name];
    return { architecture: name, shell, ...(variant !== undefined && { variant }) };
  }
  const { architecture, variant } = said ?? {};
  if (architecture === undefined) return undefined;
  return { architecture, shell: false, ...(variant !== undefined && { variant }) };
}

/** Finds a file as a system that is rooted in the layers would: a symbolic link never leads out of them. */
function fileIn(trees: readonly string[], path: string): Buffer | undefined {
  let pending = path.split('/');
  let at = '';
  for (let links = 0; pending.length > 0;) {
    const [name = '', ...rest] = pending;
    pending = rest;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = posix.dirname(`/${at}`).slice(1);
      continue;
    }
    const next = at === '' ? name : `${at}/${name}`;
    const file = topmost(trees, next);
    if (file === undefined) return undefined;
    const stats = lstatSync(file);
    if (!stats.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (++links > 40) return undefined;
    const target = readlinkSync(file, 'latin1');
    if (target.startsWith('/')) at = '';
    pending = [...target.split('/'), ...pending];
  }
  const file = topmost(trees, at);
  return file !== undefined && lstatSync(file).isFile() ? file : undefined;
}

/** Opaque directories matter little here: a system that hides its shell has another one. */
function topmost(trees: readonly string[], path: string): Buffer | undefined {
  for (const tree of trees) {
    const file = bytePath(tree, path);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats?.isCharacterDevice() === true) return undefined;
    if (stats !== undefined) return file;
  }
  return undefined;
}

function firstBytes(path: Buffer, count: number): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(count);
    return buffer.subarray(0, readSync(file, buffer));
  } finally {
    closeSync(file);
  }
}

/** The builder's platform, for a tree without programs: an image must name one. */
export function platformOfBuilder({ log }: Host, tree: string): Platform {
  log.warn(`${tree} has no program that tells its architecture: the image says ${goArchitectureHere}`);
  return { architecture: goArchitectureHere, shell: false };
}
