import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { command, run, type Caller } from '../../host/host.js';
import type { Content } from './content.js';
import { copyMounted } from './copy-mounted.js';
import { attributesIn, capability, type FileAttributes } from './file-attributes.js';
import { asDerived, timeVariables, type FileSystemMaker, type NewFileSystem } from './file-system-maker.js';
import type { TreeEntry } from './tree-listing.js';
import { commandInView } from './tree-view.js';
import { protofile, unspeakable } from './xfs-protofile.js';

/**
 * XFS, by mkfs.xfs(8) with a prototype file made from the tree. That knows no times, no sticky bits and no capabilities, which
 * xfs_db(8) then writes. What it can't hold besides, hard links, other attributes and names with blanks, takes a mount:
 * root gets it whole, and others are told what is lost.
 */
export const xfs: FileSystemMaker = {
  uuid: asDerived,
  atOffset: false,
  // What mkfs.xfs 6.1 and later take at least.
  smallest: 300 * 2 ** 20,
  async make(caller, made) {
    const { fileSystem, uuid, file, content, epoch, sectorSize } = made;
    const args = ['-q', '-f', '-L', fileSystem.label, '-m', `uuid=${uuid}`, '-s', `size=${sectorSize}`];
    args.push(...fileSystem.options);
    const env = timeVariables(epoch);
    const makeEmpty = () => run(caller, command('mkfs.xfs', [...args, file], { env }));
    if (content === undefined) {
      await makeEmpty();
      return;
    }
    const entries = content.entries.filter(({ kind }) => kind !== 's');
    const attributes = await attributesIn(caller, content);
    const lost = lostIn(entries, attributes);
    if (process.getuid?.() === 0 && (lost.length > 0 || unspeakable(entries).length > 0)) {
      await makeEmpty();
      if (await isCopied(caller, made, content)) return;
    }
    if (lost.length > 0)
      caller.log.warn(`The file system ${fileSystem.name} is XFS, and not mounted: ${lost.join('; ')}`);
    const prototype = join(made.scratch, 'prototype');
    await writeFile(prototype, protofile(entries, content), 'latin1');
    await run(
      caller,
      commandInView(content.view, content.masked, 'mkfs.xfs', [...args, '-p', prototype, file], { env }),
    );
    await write(caller, made, entries, capabilitiesIn(attributes));
  },
};

/** What a prototype file and xfs_db leave out, in words. */
function lostIn(entries: readonly TreeEntry[], attributes: FileAttributes): string[] {
  const linked = entries.filter(({ kind, links }) => kind !== 'd' && links > 1);
  const further = linked.length - new Set(linked.map(({ inode }) => inode)).size;
  const others = [...attributes.values()].flatMap((names) => [...names.keys()].filter((name) => name !== capability));
  return [
    ...(further > 0 ? [`hard links become files of their own (${further})`] : []),
    ...(others.length > 0 ? [`attributes are left out (${[...new Set(others)].sort().join(', ')})`] : []),
  ];
}

/** Says whether the tree could be copied by mounting; some kernels know no XFS, and containers have no loop devices. */
async function isCopied(caller: Caller, made: NewFileSystem, content: Content): Promise<boolean> {
  try {
    await copyMounted(caller, made, '', content);
    return true;
  } catch (error) {
    if (!(error instanceof Failure) || !/mount: .*(unknown filesystem|loop device)/.test(error.message)) throw error;
    return false;
  }
}

function capabilitiesIn(attributes: FileAttributes): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const [path, names] of attributes) {
    const value = names.get(capability);
    if (value) found.set(path, value);
  }
  return found;
}

async function write(
  caller: Caller,
  { file, epoch }: NewFileSystem,
  entries: readonly TreeEntry[],
  capabilities: ReadonlyMap<string, Buffer>,
): Promise<void> {
  const { stdout: version } = await run(caller, command('xfs_db', ['-r', '-c', 'version', file]));
  const time = version.includes('BIGTIME') ? bigTime : smallTime;
  const requests = entries.flatMap((entry) => {
    const modified = epoch === undefined ? entry.modified : Math.min(entry.modified, epoch);
    const value = capabilities.get(entry.path);
    return [
      `path /${entry.path}`,
      ...(value === undefined ? [] : capabilityRequests(entry.path, value)),
      ...(entry.mode & 0o1000 ? [`write core.mode 0${(typeBits(entry) | entry.mode).toString(8)}`] : []),
      ...time('core.mtime', modified),
      ...(epoch === undefined
        ? []
        : ['core.atime', 'core.ctime', 'v3.crtime'].flatMap((field) => time(field, modified))),
    ];
  });
  const { stdout, stderr } = await run(
    caller,
    command('xfs_db', ['-x', file], { input: Buffer.from(requests.map((line) => `${line}\n`).join(''), 'latin1') }),
  );
  const wanted = requests.filter((request) => request.startsWith('write ')).length;
  const written = stdout.split('\n').filter((line) => / = /.test(line)).length;
  if (written !== wanted || stderr.trim() !== '') {
    throw new Failure(
      `xfs_db wrote ${written} of ${wanted} times and modes in ${file}:\n${stderr.trim().slice(0, 500)}`,
    );
  }
}

/** xfs_db can make an attribute of a length, and write its value where it stands. */
function capabilityRequests(path: string, value: Buffer): string[] {
  return [
    `attr_set -s -v ${value.length} capability`,
    `path /${path}`,
    `write a.sfattr.list[0].value #${value.toString('hex')}`,
  ];
}

/** Nanoseconds since December 1901, which xfs_db writes as one number (XFS's `bigtime`). */
function bigTime(field: string, seconds: number): string[] {
  return [`write ${field}.sec ${(BigInt(seconds) + 2n ** 31n) * 1_000_000_000n}`];
}

function smallTime(field: string, seconds: number): string[] {
  return [`write ${field}.sec ${seconds}`, `write ${field}.nsec 0`];
}

function typeBits({ kind }: TreeEntry): number {
  return kind === 'd' ? 0o40000 : 0o100000;
}
