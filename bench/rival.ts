import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { workDirectory } from './result.js';

/** The Python program, from its Debian package: unpacked once, never installed. */
export async function pythonProgram(): Promise<[python: string, bytecode: string, program: string]> {
  const directory = join(workDirectory, 'python');
  const program = join(directory, 'usr/bin/image-factory');
  if (!existsSync(program)) {
    await mkdir(directory, { recursive: true });
    await execa('apt-get', ['download', '-q', 'image-factory'], { cwd: directory });
    const deb = (await readdir(directory)).find((name) => name.endsWith('.deb'));
    if (deb === undefined) throw new Error('apt-get has downloaded no package image-factory');
    await execa('dpkg-deb', ['-x', deb, '.'], { cwd: directory });
    await rm(join(directory, deb));
  }
  return ['/usr/bin/python3', '-B', program];
}

export const ourProgram = join(import.meta.dirname, '../bin/image-factory');
