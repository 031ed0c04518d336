import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import { parseOsRelease, type Distribution } from './distribution.js';
import { parseDpkgStatus } from './dpkg-status.js';
import type { InstalledPackages } from './packages.js';
import { readRpmDatabase, rpmDatabases } from './rpm-database.js';

/** Reads files of an installed system; the caller connects it with a disk. */
export interface FileReader {
  /** Names in a directory; none if there is no such directory. */
  names(directory: string): Promise<readonly string[]>;
  /** Copies a file of the system, by absolute path, to a file of this machine's; says whether there is one. */
  copyOut(path: string, to: string): Promise<boolean>;
}

/** What an installed system holds, read from its files without running it. */
export interface Inventory {
  readonly distribution: Distribution;
  /** Versions of the kernels that it can boot, as `uname -r` says them. */
  readonly kernels: readonly string[];
  readonly installed: InstalledPackages;
}

/**
 * @param scratch a directory that is made for what is copied out of the system
 * @throws Failure where files are there and can't be read
 */
export async function readInventory(host: Caller, system: FileReader, scratch: string): Promise<Inventory> {
  makeDirectory(scratch);
  const text = async (path: string): Promise<string | undefined> => {
    const copy = join(scratch, path.replaceAll('/', '_'));
    return (await system.copyOut(path, copy)) ? readFile(copy, 'utf8') : undefined;
  };
  const osRelease = (await text('/usr/lib/os-release')) ?? (await text('/etc/os-release'));
  return {
    distribution: parseOsRelease(osRelease ?? ''),
    kernels: await kernels(system),
    installed: dpkgPackages(await text('/var/lib/dpkg/status')) ?? (await rpmPackages(host, system, scratch)),
  };
}

/** By the kernel files; where /boot is another partition, by the directories of modules. */
async function kernels(system: FileReader): Promise<string[]> {
  const files = (await system.names('/boot')).flatMap((name) => /^vmlinu[xz]-(.+)$/.exec(name)?.[1] ?? []);
  return [...(files.length > 0 ? files : await system.names('/usr/lib/modules'))].sort();
}

function dpkgPackages(status: string | undefined): InstalledPackages | undefined {
  const packages = parseDpkgStatus(status ?? '');
  // A system of another kind may have dpkg as a tool, and then an empty database.
  return packages.length > 0 ? { format: 'deb', packages } : undefined;
}

async function rpmPackages(host: Caller, system: FileReader, scratch: string): Promise<InstalledPackages> {
  for (const [index, { directory, files }] of rpmDatabases.entries()) {
    const copies = join(scratch, `rpm-${index}`);
    makeDirectory(copies);
    const found: string[] = [];
    for (const file of files) if (await system.copyOut(`${directory}/${file}`, join(copies, file))) found.push(file);
    const [database] = found;
    if (database !== undefined) return queried(host, copies, `${directory}/${database}`);
  }
  return { format: 'unknown', reason: 'the system has neither a dpkg nor an rpm database' };
}

/** A database that this machine's rpm does not understand is no reason to throw a good image away. */
async function queried(host: Caller, directory: string, database: string): Promise<InstalledPackages> {
  try {
    const packages = await readRpmDatabase(host, directory);
    if (packages.length > 0) return { format: 'rpm', packages };
    return { format: 'unknown', reason: `the rpm of this machine finds no packages in ${database}` };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const why = [error.message, error.hint].filter((part) => part !== undefined).join(' ');
    return { format: 'unknown', reason: `the rpm of this machine can't read ${database}: ${why}` };
  }
}
