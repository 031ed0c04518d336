import { chmodSync, linkSync, rmSync } from 'node:fs';
import { Failure } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import { debugfsCommand, listKnownDirectories, readable, type Entry, type ExtDevice } from './ext-directory.js';

/**
 * Copies a whole ext file system into a directory, with debugfs: no mount, so no root. It must be unmounted cleanly, or its
 * journal replayed.
 *
 * debugfs's own `rdump` knows neither hard links nor attributes, nor set-uid, set-gid and sticky bits; they are added afterwards. Devices need root, and a system
 * makes those of /dev when it starts: they are left out, with a warning.
 */
export async function copyExt(host: Caller, device: ExtDevice, to: string): Promise<void> {
  const { stderr } = await run(host, debugfsCommand(device, [`rdump / "${to.replaceAll('"', '""')}"`], 'read'));
  const complaint = stderr.split('\n').find((line) => line !== '' && !/^debugfs \d/.test(line));
  if (complaint !== undefined) throw new Failure(`${device.disk} can't be copied: ${readable(complaint)}`);
  const entries = await allEntries(host, device);
  linkAgain(entries, to);
  await copyAttributes(host, device, entries, to);
  setSpecialBits(entries, to);
  const left = entries.filter(({ kind }) => kind === 'other').map(({ path }) => path);
  if (left.length > 0) host.log.warn(`devices and pipes are left out, for only root can make them: ${sample(left)}`);
}

function sample(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).map(readable).join(', ');
  return paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown;
}

const root = { path: '/', inode: 2 };

async function allEntries(host: Caller, device: ExtDevice): Promise<Entry[]> {
  const found: Entry[] = [];
  const seen = new Set<number>([root.inode]);
  for (let level: readonly Pick<Entry, 'path' | 'inode'>[] = [root]; level.length > 0;) {
    const entries = await listKnownDirectories(host, device, level);
    for (const entry of entries) found.push(entry);
    level = entries.filter(({ kind, inode }) => kind === 'directory' && !seen.has(inode));
    for (const { inode } of level) seen.add(inode);
  }
  return found;
}

/** Of a path of the file system, whose names may be any bytes. */
function placeOf(path: string, to: string): Buffer {
  return Buffer.concat([Buffer.from(to), Buffer.from(path, 'latin1')]);
}

/** Files that run as their owner or group, directories that keep their group, and those such as /tmp. */
function setSpecialBits(entries: readonly Entry[], to: string): void {
  for (const { kind, mode, path } of entries) {
    const hasPermissions = kind === 'file' || kind === 'directory';
    if (hasPermissions && (mode & 0o7000) !== 0) chmodSync(placeOf(path, to), mode & 0o7777);
  }
}

/** Makes further names of a file what they are, and not copies. */
function linkAgain(entries: readonly Entry[], to: string): void {
  const first = new Map<number, Buffer>();
  for (const { kind, inode, path } of entries) {
    if (kind !== 'file') continue;
    const here = placeOf(path, to);
    const known = first.get(inode);
    if (known === undefined) first.set(inode, here);
    else {
      rmSync(here);
      linkSync(known, here);
    }
  }
}

/** Requests that one process answers: its output must fit into memory. */
const mostRequests = 5000;

async function copyAttributes(host: Caller, device: ExtDevice, entries: readonly Entry[], to: string): Promise<void> {
  const owners = new Map<number, string>([[root.inode, '/']]);
  for (const { kind, inode, path } of entries) if (kind !== 'other' && !owners.has(inode)) owners.set(inode, path);
  const inodes = [...owners.keys()];
  const lines: string[] = [];
  for (let from = 0; from < inodes.length; from += mostRequests) {
    const requests = inodes.slice(from, from + mostRequests).map((inode) => `ea_list <${inode}>`);
    const { stdout } = await run(host, debugfsCommand(device, requests, 'read'));
    let path: string | undefined;
    let isFirst = true;
    for (const line of stdout.split('\n')) {
      const inode = /^debugfs: ea_list <(\d+)>$/.exec(line)?.[1];
      if (inode !== undefined) {
        path = owners.get(Number(inode));
        isFirst = true;
        continue;
      }
      const [, name, value] = /^ {2}(\S+) \(\d+\) = (.*)$/.exec(line) ?? [];
      if (path === undefined || name === undefined || value === undefined || name === 'system.data') continue;
      if (isFirst) lines.push('', `# file: .${escaped(path)}`);
      isFirst = false;
      lines.push(`${escaped(name)}=0x${attributeValue(name, value).toString('hex')}`);
    }
  }
  if (lines.length === 0) return;
  const input = `${lines.slice(1).join('\n')}\n`;
  await run(host, command('setfattr', ['--no-dereference', '--restore=-'], { cwd: to, input }));
}

/** As setfattr takes it. */
function escaped(bytes: string): string {
  return bytes.replace(/[^\x21-\x7e]|[\\=]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** debugfs prints what is text in quotes, and all else as bytes. */
function attributeValue(name: string, printed: string): Buffer {
  const quoted = /^"(.*)"$/.exec(printed)?.[1];
  const bytes =
    quoted === undefined
      ? Buffer.from(printed.replaceAll(' ', ''), 'hex')
      : Buffer.from(
          quoted.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
            /^[0-7]{3}$/.test(code) ? String.fromCharCode(parseInt(code, 8)) : code,
          ),
          'latin1',
        );
  return name.startsWith('system.posix_acl_') ? accessControlList(bytes) : bytes;
}

/**
 * An access control list as setxattr(2) takes it (linux/posix_acl_xattr.h), of one as ext4 keeps it (fs/ext4/acl.h): there,
 * only users and groups have an id.
 */
function accessControlList(stored: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from([2, 0, 0, 0])];
  const noId = Buffer.from([0xff, 0xff, 0xff, 0xff]);
  for (let at = 4; at + 4 <= stored.length;) {
    const hasId = [0x02, 0x08].includes(stored.readUInt16LE(at));
    parts.push(stored.subarray(at, at + 4), hasId ? stored.subarray(at + 4, at + 8) : noId);
    at += hasId ? 8 : 4;
  }
  return Buffer.concat(parts);
}
