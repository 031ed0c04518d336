import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { workDirectory } from './result.js';

/** The Python program, from its Debian package. */
export async function pythonProgram(): Promise<[python: string, bytecode: string, program: string]> {
  return ['/usr/bin/python3', '-B', join(await unpackedPackage(), 'usr/bin/image-factory')];
}

/** The text of an answer file that comes with it. */
export async function pythonAnswerFile(name: string): Promise<string> {
  return readFile(join(await unpackedPackage(), 'usr/share/image-factory', name), 'utf8');
}

/** Unpacked once, never installed. */
async function unpackedPackage(): Promise<string> {
  const directory = join(workDirectory, 'python');
  if (!existsSync(directory)) {
    await mkdir(directory, { recursive: true });
    await execa('apt-get', ['download', '-q', 'image-factory'], { cwd: directory });
    const deb = (await readdir(directory)).find((name) => name.endsWith('.deb'));
    if (deb === undefined) throw new Error('apt-get has downloaded no package image-factory');
    await execa('dpkg-deb', ['-x', deb, '.'], { cwd: directory });
    await rm(join(directory, deb));
  }
  return directory;
}

export const ourProgram = join(import.meta.dirname, '../bin/image-factory');
