import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { command, run, type Caller, type Command } from '../../host/host.js';
import { Failure } from '../../host/failure.js';
import { debugfsCommand, quotePath } from '../ext-directory.js';
import { asDerived, timeVariables, type FileSystemMaker, type NewFileSystem } from './file-system-maker.js';
import type { TreeEntry } from './tree-listing.js';
import { commandInView, inView, type TreeView } from './tree-view.js';

/** ext2, ext3 and ext4, by mke2fs(8). Owners, extended attributes and hard links are the tree's. */
export const ext: FileSystemMaker = {
  uuid: asDerived,
  atOffset: true,
  smallest: 2 ** 20,
  async make(caller, made) {
    await run(caller, makeCommand(made));
    await set(caller, made, settings(made));
  },
};

function makeCommand(made: NewFileSystem): Command {
  const { fileSystem, uuid, hashSeed, file, offset, size, content, sectorSize } = made;
  const { plain, extended } = splitOptions(fileSystem.options);
  const args = [
    ...['-q', '-F', '-t', fileSystem.type, '-L', fileSystem.label, '-U', uuid, ...plain],
    ...['-E', [...extended, `offset=${offset}`, `hash_seed=${hashSeed}`, 'root_owner=0:0'].join(',')],
  ];
  const place = [file, `${Math.floor(size / 1024)}k`];
  // No block may be smaller than a sector.
  const env = { ...timeVariables(made.epoch), MKE2FS_DEVICE_SECTSIZE: String(sectorSize) };
  if (content === undefined) return command('mke2fs', [...args, ...place], { env });
  return commandInView(
    content.view,
    content.masked,
    'mke2fs',
    [...args, '-d', inView(content.view, content.top), ...place],
    { env: { ...env, ...ownConfiguration(content.view) } },
  );
}

/**
 * A distribution says in mke2fs.conf(5) which features its kernel and its boot loader can read. The builder's own may be
 * newer.
 */
function ownConfiguration({ tree }: TreeView): Record<string, string> {
  const file = join(tree, 'etc/mke2fs.conf');
  return existsSync(file) ? { MKE2FS_CONFIG: file } : {};
}

/** Only the last `-E` of mke2fs counts, so that ours must hold all. */
function splitOptions(options: readonly string[]): { plain: string[]; extended: string[] } {
  const plain: string[] = [];
  const extended: string[] = [];
  for (let at = 0; at < options.length; at++) {
    const option = options[at]!;
    if (option === '-E') extended.push(options[++at] ?? '');
    else if (option.startsWith('-E')) extended.push(option.slice(2));
    else plain.push(option);
  }
  return { plain, extended };
}

/** What mke2fs of e2fsprogs 1.47.0 and older leaves to be set: the top directory, and times that are later than asked for. */
function settings({ content, epoch }: NewFileSystem): string[] {
  const [top, ...others] = content?.entries ?? [];
  if (top === undefined) return [];
  if (epoch === undefined) return [...ownersOf(top), ...timesOf(top, top.modified)];
  return [...ownersOf(top), ...[top, ...others].flatMap((entry) => timesOf(entry, Math.min(entry.modified, epoch)))];
}

function ownersOf({ mode, uid, gid }: TreeEntry): string[] {
  return [`sif / mode 0${(0o40000 | mode).toString(8)}`, `sif / uid ${uid}`, `sif / gid ${gid}`];
}

function timesOf({ path }: TreeEntry, time: number): string[] {
  return ['atime', 'ctime', 'mtime'].map((field) => `sif ${quotePath(`/${path}`)} ${field} @${time}`);
}

async function set(caller: Caller, { file, offset, epoch }: NewFileSystem, requests: readonly string[]): Promise<void> {
  if (requests.length === 0) return;
  const called = debugfsCommand({ disk: file, offset }, requests, 'write');
  const { stderr } = await run(caller, { ...called, env: { ...called.env, ...timeVariables(epoch) } });
  // debugfs reports what it could not do, and still exits with 0.
  const complaint = stderr.split('\n').find((line) => line !== '' && !/^debugfs \d/.test(line));
  if (complaint !== undefined) throw new Failure(`debugfs can't set owners and times in ${file}: ${complaint}`);
}
