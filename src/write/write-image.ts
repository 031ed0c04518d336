import type { Extent } from '../disk/extent.js';
import { zeroExtents } from '../disk/raw-disk.js';
import { Failure, UsageError } from '../host/failure.js';
import { command, insistently, run, type Host } from '../host/host.js';
import { shownSize } from '../layout/size.js';
import { readTableKind, type TableKind } from './partition-table-kind.js';
import { slabs, type Slab } from './slabs.js';
import { compareCommand, writeCommand } from './slab-commands.js';
import type { SourceImage } from './source-image.js';
import { take, type Target } from './target.js';
import { readWriteState, stateFile, WriteStateFile, type WriteState } from './write-state.js';

export interface WriteOptions {
  /** Goes on with an earlier write of the same image onto the same target. */
  readonly resume: boolean;
  /** Has the device forget everything first. */
  readonly discard: boolean;
  /** Reads everything back. */
  readonly verify: boolean;
  /** The sum of the image that was checked before. */
  readonly sum: string | undefined;
}

/** Bytes of data that one call of qemu-img writes, and that are written again after an interruption. */
const slabData = 64 * 2 ** 20;

/** Bytes: what is zeroed at the beginning and end of a target. The tables of partitions and their copies are in them. */
const margin = 2 ** 20;

/**
 * Writes an image onto a target: data as it is, all else of the disk as zeros, so that the target has every byte of the
 * image. Until everything is written the target has no partition table, so that it is not taken for a disk with a system.
 *
 * @throws Failure where the target has other bytes afterwards, and UsageError where there is nothing to resume
 */
export async function writeImage(host: Host, image: SourceImage, target: Target, options: WriteOptions): Promise<void> {
  const stateAt = new WriteStateFile(host.log, stateFile(image, target));
  const all = slabs(image.size, image.used, slabData);
  const before = options.resume ? await stateToResume(stateAt.file, image, target, options.sum) : undefined;
  const table = await readTableKind(host, image);
  const handle = await take(target);
  const letGo = host.release.hold(target.path, () => handle.close());
  if (before === undefined) {
    if (options.discard) await discard(host, target);
    await zeroExtents(host, target.path, margins(image, target));
    await handle.sync();
  }
  try {
    await writeSlabs(host, { image, target, all, stateAt, options, written: before?.written ?? [] });
  } catch (error) {
    host.log.warn(
      `${target.path} is written in part and has no partition table; the same command with --resume continues`,
    );
    throw error;
  }
  await handle.sync();
  if (options.verify) await readBack(host, image, target, all);
  await moveSecondHeader(host, image, target, table);
  await handle.sync();
  await stateAt.remove();
  await letGo();
  await tellKernel(host, target);
}

async function stateToResume(
  file: string,
  image: SourceImage,
  target: Target,
  sum: string | undefined,
): Promise<WriteState> {
  const state = await readWriteState(file);
  const hint = 'leave --resume out to begin again';
  if (state === undefined)
    throw new UsageError([`--resume: no unfinished write of ${image.path} onto ${target.path}: ${hint}`]);
  if (state.target !== target.identity)
    throw new UsageError([`--resume: ${target.path} is another device than before: ${hint}`]);
  if (state.image !== image.state && (sum === undefined || state.sum !== sum)) {
    throw new UsageError([`--resume: ${image.path} has changed: ${hint}`]);
  }
  return state;
}

/** What may hold tables of partitions and signatures of earlier systems that no slab writes over before the end. */
function margins(image: SourceImage, target: Target): Extent[] {
  const first = { start: 0, end: Math.min(margin, image.size) };
  const last = { start: Math.max(image.size, target.size - margin), end: target.size };
  return [first, last].filter(({ start, end }) => start < end);
}

async function discard(host: Host, target: Target): Promise<void> {
  if (target.kind === 'file') return;
  host.log.info(`Discarding everything on ${target.path}`);
  // The exclusive hold is ours, so that it can't be blkdiscard's.
  await run(host, command('blkdiscard', ['--force', target.path]));
}

interface Writing {
  readonly image: SourceImage;
  readonly target: Target;
  readonly all: readonly Slab[];
  readonly stateAt: WriteStateFile;
  readonly options: WriteOptions;
  readonly written: readonly Extent[];
}

/** The first slab, with the table of partitions, is written last. */
async function writeSlabs(host: Host, { image, target, all, stateAt, options, written }: Writing): Promise<void> {
  const done = [...written];
  const isDone = (slab: Slab) => done.some(({ start, end }) => start === slab.start && end === slab.end);
  const progress = dataProgress(host, `Writing ${target.path}`, all);
  const save = () => stateAt.save({ image: image.state, sum: options.sum, target: target.identity, written: done });
  await save();
  for (const slab of [...all.slice(1), ...all.slice(0, 1)]) {
    if (!isDone(slab)) {
      await run(host, writeCommand(image, target, slab));
      done.push({ start: slab.start, end: slab.end });
      await save();
    }
    progress(slab);
  }
}

/** @throws Failure where the target has other bytes than the image */
export async function readBack(host: Host, image: SourceImage, target: Target, all: readonly Slab[]): Promise<void> {
  if (target.kind === 'device') await run(host, command('blockdev', ['--flushbufs', target.path]));
  const progress = dataProgress(host, `Reading ${target.path} back`, all);
  for (const slab of all) {
    const { stdout, exitCode } = await run(host, compareCommand(image, target, slab), { accept: [1] });
    if (exitCode === 1) {
      const at = slab.start + Number(/at offset (\d+)/.exec(stdout)?.[1] ?? 0);
      throw new Failure(
        `${target.path} has other content than ${image.path} from byte ${at} on, after it was written`,
        {
          hint: 'The device is defective or not as large as it says, or something else wrote onto it: see dmesg.',
        },
      );
    }
    progress(slab);
  }
}

function dataProgress(host: Host, what: string, all: readonly Slab[]): (slab: Slab) => void {
  const weight = ({ data }: Slab) => data + margin;
  const total = all.reduce((sum, slab) => sum + weight(slab), 0);
  let done = 0;
  return (slab) => host.log.progress({ text: what, fraction: (done += weight(slab)) / total });
}

/** A GPT has a second header at the end of its disk: of a larger disk, that is somewhere else. */
async function moveSecondHeader(host: Host, image: SourceImage, target: Target, table: TableKind): Promise<void> {
  if (target.size <= image.size || table.label !== 'gpt') return;
  await run(host, command('sfdisk', ['--no-reread', '--no-tell-kernel', '--relocate', 'gpt-bak-std', target.path]));
  await zeroExtents(host, target.path, [{ start: image.size - secondTable, end: image.size }]);
  host.log.info(`Moved the second header of the GPT to the end of ${target.path}, ${shownSize(target.size)}`);
}

/** Bytes of the second table and header of a GPT of 128 partitions, as every tool makes it. */
const secondTable = 33 * 512;

/** The kernel then knows the new partitions. Devices without partitions, and older kernels, can't be told. */
async function tellKernel(host: Host, target: Target): Promise<void> {
  if (target.kind === 'file') return;
  const { exitCode, stderr } = await run(insistently(host), command('blockdev', ['--rereadpt', target.path]), {
    accept: [1],
  });
  if (exitCode !== 0)
    host.log.debug(`The kernel did not read the partitions of ${target.path} again: ${stderr.trim()}`);
}
