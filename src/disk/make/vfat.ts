import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, run, shellLine, type Caller, type Command } from '../../host/host.js';
import { Failure } from '../../host/failure.js';
import type { ProgramName } from '../../host/programs.js';
import { readable } from '../ext-directory.js';
import { timeVariables, type FileSystemMaker, type NewFileSystem } from './file-system-maker.js';
import { commandInView, inView } from './tree-view.js';

/** FAT, by mkfs.vfat(8) and mtools(1): the EFI system partition above all. */
export const vfat: FileSystemMaker = {
  // The serial number, as blkid(8) shows it.
  uuid: (derived) => `${derived.slice(0, 4)}-${derived.slice(4, 8)}`.toUpperCase(),
  atOffset: true,
  smallest: 64 * 1024,
  async make(caller, made) {
    await run(caller, makeCommand(made));
    if (made.content !== undefined) await fill(caller, made);
  },
};

/** The serial number that a disk gets is never all zero: mkfs.vfat would make one of the time. */
function makeCommand({ fileSystem, uuid, file, offset, size, sectorSize, epoch }: NewFileSystem): Command {
  const label = fileSystem.label === '' ? [] : ['-n', fileSystem.label];
  return command(
    'mkfs.vfat',
    [
      ...['--invariant', '-i', uuid.replace('-', ''), ...label, '-S', String(sectorSize)],
      ...kind(fileSystem.options, size, sectorSize),
      ...fileSystem.options,
      // In sectors of the size above.
      ...['--offset', String(offset / sectorSize), file, String(Math.floor(size / 1024))],
    ],
    { env: timeVariables(epoch) },
  );
}

/** The fewest clusters of a FAT32 (Microsoft, "FAT: General Overview of On-Disk Format"), and some to spare. */
const fewestClusters = 66_000;

/** FAT32 wherever it can have one: some firmware reads no other. With the smallest clusters, up to 260 MiB. */
function kind(options: readonly string[], size: number, sectorSize: number): string[] {
  if (options.some((option) => /^-[Fs]/.test(option))) return [];
  if (size / sectorSize < fewestClusters) return [];
  return size <= 260 * 2 ** 20 ? ['-F', '32', '-s', '1'] : ['-F', '32'];
}

async function fill(caller: Caller, made: NewFileSystem): Promise<void> {
  const { content, fileSystem, file, offset, epoch, scratch } = made;
  if (content === undefined) return;
  const { view, masked, entries } = content;
  const strange = entries.filter(({ kind }) => kind !== 'd' && kind !== 'f');
  if (strange.length > 0) {
    const names = strange.slice(0, 5).map(({ path }) => readable(`${content.top}/${path}`));
    throw new Failure(
      `the file system ${fileSystem.name} (${fileSystem.type}) holds only files and directories, and the tree has others there: ${names.join(', ')}`,
      { hint: 'Remove them from the tree, or choose another type of file system.' },
    );
  }
  const directories = entries.filter(({ kind, path }) => kind === 'd' && path !== '');
  const calls: Pick<Command, 'file' | 'args'>[] = [];
  const call = (tool: ProgramName, args: readonly string[]) =>
    calls.push({ file: tool, args: ['-i', `${file}@@${offset}`, ...args] });
  // A directory comes before those in it: the listing is sorted.
  if (directories.length > 0) {
    call(
      'mmd',
      directories.map(({ path }) => onDisk(path)),
    );
  }
  for (const directory of ['', ...directories.map(({ path }) => path)]) {
    const files = entries.filter(({ kind, path }) => kind === 'f' && parentOf(path) === directory);
    const from = files.map(({ path }) => inView(view, `${content.top}/${text(path)}`));
    if (from.length > 0) call('mcopy', [...from, onDisk(directory)]);
  }
  // All of them see one view: to make it takes longer than they do.
  const script = join(scratch, 'fill');
  await writeFile(script, ['set -e', ...calls.map(shellLine), ''].join('\n'));
  // Without the machine's own settings for drives.
  const env = { ...timeVariables(epoch), MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1' };
  await run(caller, commandInView(view, masked, 'sh', [script], { env }));
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function text(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function onDisk(path: string): string {
  return `::/${text(path)}`;
}
