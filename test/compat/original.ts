import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { programDirectory } from '../../src/host/program-directory.js';

/** Debian's package of the Python image-factory, unpacked. */
export interface Original {
  readonly program: string;
  /** Its image-factory.conf. */
  readonly configuration: string;
  /** Its answer files: what its configuration calls `data_dir`. */
  readonly dataDir: string;
  remove(): void;
}

/**
 * The package as apt has it, kept in build/ for the next time; nothing of it is part of this repository.
 *
 * @returns undefined, after saying loudly why, where it can't be had: without network, or not on Debian
 */
export function originalImageFactory(): Original | undefined {
  let archive: string;
  try {
    archive = downloaded();
  } catch (error) {
    console.log(
      `      skipped: the Python image-factory can't be downloaded (${(error as Error).message.trim()});\n` +
        '      run it, where a Debian mirror can be reached, with: apt-get update && make check',
    );
    return undefined;
  }
  const directory = mkdtempSync(join(tmpdir(), 'image-factory-original-'));
  chmodSync(directory, 0o755);
  execFileSync('dpkg-deb', ['-x', archive, directory]);
  const program = join(directory, 'usr/bin/image-factory');
  writeFileSync(program, withoutPaths(readFileSync(program, 'utf8')));
  return {
    program,
    configuration: gunzipSync(
      readFileSync(join(directory, 'usr/share/doc/image-factory/image-factory.conf.gz')),
    ).toString(),
    dataDir: join(directory, 'usr/share/image-factory'),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** The only two programs that it does not look for in PATH, where the stand-ins are: nothing here may call the real ones. */
function withoutPaths(source: string): string {
  let changed = source;
  for (const path of ['/sbin/losetup', '/usr/sbin/zerofree']) {
    if (!source.includes(`"${path}"`)) throw new Error(`how does the Python image-factory call ${path}?`);
    changed = changed.replaceAll(`"${path}"`, `"${basename(path)}"`);
  }
  return changed;
}

function downloaded(): string {
  const cache = join(programDirectory, 'build/compat');
  mkdirSync(cache, { recursive: true });
  const cached = () => readdirSync(cache).find((name) => /^image-factory_.*\.deb$/.test(name));
  if (cached() === undefined) {
    const scratch = mkdtempSync(join(cache, 'download-'));
    try {
      execFileSync('apt-get', ['download', '-q', 'image-factory'], {
        cwd: scratch,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      for (const name of readdirSync(scratch)) renameSync(join(scratch, name), join(cache, name));
    } finally {
      rmSync(scratch, { recursive: true });
    }
  }
  const name = cached();
  if (name === undefined) throw new Error('apt-get download left no package');
  return join(cache, name);
}
