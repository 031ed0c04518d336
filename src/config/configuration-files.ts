import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { homeDirectory } from '../host/home-directory.js';
import { reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import { programDirectory } from '../host/program-directory.js';
import type { IniSource } from './ini.js';

/** The images that ship with the program. */
export const shippedFile = join(programDirectory, 'configs/image-factory.conf');

/** The targets of bundles that ship with it. */
export const shippedTargetsFile = join(programDirectory, 'configs/targets.conf');

/** Their names, without what a configuration adds. */
export function shippedTargetNames(): string[] {
  return [...readSource(shippedTargetsFile).text.matchAll(/^\[bundle (.+)\]$/gm)].map(([, name = '']) => name);
}

/** Configuration files that have been read, and what was passed over. */
export interface ConfigurationFiles {
  readonly sources: readonly IniSource[];
  readonly warnings: readonly string[];
}

/** No configuration file is larger, in bytes: 10,000 sections take one MiB. */
const largestFile = 16 * 2 ** 20;

/** How long a pipe may say nothing, in milliseconds. */
const pipePatience = 10_000;

/**
 * The user's files, in the order in which they are read: the one that is named, by `--config` or the environment
 * variable IMAGE_FACTORY_CONFIG (empty is unset), or the two usual ones as far as they are there.
 *
 * @throws UsageError if the file that is named can't be read, or one of the usual two is no text
 */
export function userSources(file: string | undefined, environment: NodeJS.ProcessEnv): ConfigurationFiles {
  if (file !== undefined) return { sources: [readNamedSource(file, '--config')], warnings: [] };
  const named = environment.IMAGE_FACTORY_CONFIG;
  if (named) return { sources: [readNamedSource(named, 'IMAGE_FACTORY_CONFIG')], warnings: [] };
  const usual = usualFiles().map(readUsualSource);
  return {
    sources: usual.flatMap((read) => read?.source ?? []),
    warnings: usual.flatMap((read) => read?.warning ?? []),
  };
}

/**
 * The files that are read where none is named, the later one winning. There is only one for a user who has no home
 * directory: neither in the environment nor in passwd(5).
 */
export function usualFiles(): string[] {
  const home = homeDirectory();
  return ['/etc/image-factory.conf', ...(home === undefined ? [] : [join(home, '.config/image-factory.conf')])];
}

function readUsualSource(name: string): { source?: IniSource; warning?: string } | undefined {
  try {
    return { source: readSource(name) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || (code === 'ENOENT' && isLink(name))) {
      const why = code === 'EACCES' ? 'you may not read it' : 'the link leads nowhere';
      return { warning: `the configuration file ${name} is passed over: ${why}` };
    }
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(name, error);
  }
}

function isLink(name: string): boolean {
  return lstatSync(name, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function readNamedSource(name: string, namedBy: string): IniSource {
  try {
    return readSource(name);
  } catch (error) {
    throw unreadable(`'${name}' (named by ${namedBy})`, error);
  }
}

function unreadable(file: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  return new UsageError([`can't read the configuration file ${file}: ${reasonOf(error)}`]);
}

export function readSource(name: string): IniSource {
  const bytes = readBounded(name);
  try {
    // Python's configparser keeps a byte order mark, and so trips over it; a decoder that drops it would hide that.
    return { name, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    throw new UsageError([`${name}: not a text in UTF-8`]);
  }
}

/** A file, a pipe or a device, which may be endless, or say nothing for ever. */
function readBounded(name: string): Buffer {
  const descriptor = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const isFifo = fstatSync(descriptor).isFIFO();
    const parts: Buffer[] = [];
    let length = 0;
    let silence = 0;
    for (;;) {
      const part = readSome(descriptor);
      // A pipe that has no writer yet ends at once.
      if (part?.length === 0 && !(isFifo && length === 0)) return Buffer.concat(parts);
      if (part === undefined || part.length === 0) {
        if (silence >= pipePatience) throw new Error(`nothing came out of it for ${pipePatience / 1000} seconds`);
        silence += pause();
        continue;
      }
      silence = 0;
      length += part.length;
      parts.push(part);
      if (length > largestFile) throw new Error(`it is larger than ${largestFile / 2 ** 20} MiB`);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Undefined where there is nothing to read as yet. */
function readSome(descriptor: number): Buffer | undefined {
  const part = Buffer.alloc(2 ** 16);
  try {
    return part.subarray(0, readSync(descriptor, part));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

function pause(): number {
  const milliseconds = 20;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  return milliseconds;
}
