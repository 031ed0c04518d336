import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Called {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; whatever it does and says is handed back. */
export function call(
  file: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; env?: Record<string, string>; cwd?: string } = {},
): Called {
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8', timeout: 300_000, ...options });
  if (error) throw error;
  return { status, stdout, stderr };
}

/** Runs a program that must succeed, and returns its standard output. */
export function must(file: string, ...args: string[]): string {
  const { status, stdout, stderr } = call(file, args);
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed with exit code ${status}: ${stderr}`);
  return stdout;
}

/** Why these tests cannot run here, if so. */
export function obstacle(...programs: string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'these tests mount file systems and make users, which needs root';
  const path = (process.env['PATH'] ?? '').split(delimiter);
  const missing = programs.filter((program) => !path.some((directory) => isExecutable(join(directory, program))));
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export type FileSystem = 'xfs' | 'btrfs' | 'ext4';

/** Where the file system lies in every {@link rawDisk}, in bytes. */
export const offset = 1024 * 1024;
/** The smallest multiple of a MiB that mkfs.xfs accepts. */
export const size = 300 * 1024 * 1024;

/** Makes a raw disk that holds one file system at {@link offset}, and lets `fill` put files into it. */
export function rawDisk(file: string, type: FileSystem, fill: (root: string) => void): void {
  const partition = `${file}.partition`;
  const root = `${file}.root`;
  writeFileSync(partition, '');
  truncateSync(partition, size);
  must(`mkfs.${type}`, '-q', partition);
  mkdirSync(root);
  must('mount', '-o', 'loop', partition, root);
  try {
    fill(root);
  } finally {
    must('umount', root);
    rmSync(root, { recursive: true });
  }
  writeFileSync(file, '');
  truncateSync(file, offset + size + 512);
  must('dd', `if=${partition}`, `of=${file}`, 'bs=1M', `seek=${offset / 2 ** 20}`, 'conv=notrunc,sparse');
  rmSync(partition);
}

/** Mounts a {@link rawDisk} for a look at what is in it, or a change. */
export function inside(file: string, type: FileSystem, look: (root: string) => void): void {
  const root = mkdtempSync('/tmp/image-factory-look-');
  const options = `loop,offset=${offset},sizelimit=${size}${{ xfs: ',nouuid', btrfs: ',subvolid=5', ext4: '' }[type]}`;
  must('mount', '-t', type, '-o', options, file, root);
  try {
    look(root);
  } finally {
    must('umount', root);
    rmSync(root, { recursive: true });
  }
}

/** A normal user of this machine who may call a copy of the helper by the sudoers line of its manual page. */
export interface SudoUser {
  readonly uid: number;
  /** The copy of the helper, in a directory of root's. */
  readonly helper: string;
  readonly sudo: (...args: string[]) => Called;
  /** As {@link sudo}, with options of sudo itself and variables of the user's environment. */
  readonly sudoWith: (env: Record<string, string>, options: string[], ...args: string[]) => Called;
  readonly remove: () => void;
}

export function sudoUser(): SudoUser {
  const name = `image-factory-${randomBytes(4).toString('hex')}`;
  const directory = mkdtempSync('/usr/local/lib/image-factory-test-');
  const helper = join(directory, 'image-factory-sudo-helper');
  const sudoers = `/etc/sudoers.d/${name}`;
  const remove = () => {
    rmSync(sudoers, { force: true });
    rmSync(directory, { recursive: true, force: true });
    call('userdel', [name]);
  };
  try {
    must('useradd', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/bin/sh', name);
    chmodSync(directory, 0o755);
    copyFileSync(new URL('../../sudo-helper/image-factory-sudo-helper', import.meta.url), helper);
    chmodSync(helper, 0o755);
    const line = documentedLine().replace('jenkins', name).replace('/usr/bin/image-factory-sudo-helper', helper);
    writeFileSync(sudoers, `${line}\n`, { mode: 0o440 });
    must('visudo', '--check', '--file', sudoers);
  } catch (error) {
    remove();
    throw error;
  }
  const uid = Number(must('id', '--user', name));
  const gid = Number(must('id', '--group', name));
  const sudoWith = (env: Record<string, string>, options: string[], ...args: string[]) => {
    const credentials = { uid, gid, cwd: '/', env: { PATH: '/usr/bin:/bin', ...env } };
    const called = call('sudo', ['-n', ...options, helper, ...args], credentials);
    // Where the machine's own name is not in /etc/hosts, sudo complains and goes on.
    return { ...called, stderr: called.stderr.replace(/^sudo: unable to resolve host .*\n/gm, '') };
  };
  return { uid, helper, sudo: (...args) => sudoWith({}, [], ...args), sudoWith, remove };
}

/** The sudoers line of the manual page, for the user `jenkins`. */
export function documentedLine(): string {
  const page = readFileSync(new URL('../../man/image-factory-sudo-helper.1.md', import.meta.url), 'utf8');
  const line = /^ {4}(jenkins ALL=.*)$/m.exec(page)?.[1];
  if (line === undefined) throw new Error('the manual page documents no sudoers line for the user jenkins');
  return line;
}

/** Gives a file to a user. */
export function give(file: string, uid: number): string {
  chownSync(file, uid, uid);
  return file;
}

/** A copy of a raw disk that takes no more space than its data. */
export function copyDisk(from: string, to: string, uid: number): string {
  must('cp', '--sparse=always', from, to);
  return give(to, uid);
}

/** Loop devices on files below a directory and mounts of the helper in sight of all: nothing, after every call. */
export function taken(directory: string): string {
  const inodes = new Set(must('find', directory, '-type', 'f', '-printf', '%i\n').split('\n'));
  const loops = must('losetup', '--list', '--noheadings', '--raw', '--output', 'BACK-INO,NAME').split('\n');
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const work = existsSync('/run/image-factory') ? readdirSync('/run/image-factory') : [];
  return [
    ...loops.filter((line) => line !== '' && inodes.has(line.split(' ')[0]!)),
    ...mounts.filter((line) => line.includes('/run/image-factory')),
    ...work,
  ].join('\n');
}
