import { open } from 'node:fs/promises';
import { Failure } from '../host/failure.js';
import { run, type Caller, type Command, type CommandResult } from '../host/host.js';
import { programVersions } from '../host/program-versions.js';
import { debugfsCommand, deviceName, extCommand, type ExtDevice } from './ext-directory.js';

/** How e2fsck(8) is called. */
const ways = {
  /** Only looks at the superblock, and writes nothing: of a file system that was unmounted. */
  look: ['-n'],
  /** Replays the journal, if the guest did not unmount; otherwise it looks no further than the superblock. */
  replay: ['-p'],
  /** A whole check, which fixes only what needs no decision. */
  check: ['-f', '-p'],
  /** A whole check, and in the end every free block and unused inode is punched out of the disk. */
  discard: ['-f', '-p', '-E', 'discard'],
} as const;

type Way = keyof typeof ways;

export function fsckCommand(way: Way, device: ExtDevice): Command {
  return extCommand('e2fsck', ways[way], device);
}

/**
 * Checks an ext file system.
 *
 * @throws Failure if it is damaged, or has features that this machine's e2fsprogs does not know
 */
export async function checkExt(host: Caller, device: ExtDevice, way: 'check' | 'discard'): Promise<void> {
  await judge(host, device, await fsck(host, device, way));
}

/**
 * Replays the journal, if the guest did not unmount. e2fsck 1.47 replays it, then opens the file system again without
 * its offset, and gives up: then what is left to do is to note that it was replayed, and to check everything.
 *
 * @throws Failure as {@link checkExt}
 */
export async function replayJournal(host: Caller, device: ExtDevice): Promise<void> {
  if (await wasUnmounted(device)) return judge(host, device, await fsck(host, device, 'look'));
  const replayed = await fsck(host, device, 'replay');
  if (!replayed.stderr.includes('while trying to re-open')) return judge(host, device, replayed);
  await run(host, debugfsCommand(device, ['feature -needs_recovery'], 'write'));
  await checkExt(host, device, 'check');
}

/**
 * Whether the superblock says that nothing is to be replayed or checked. Then e2fsck would only write the time of its call there.
 * Fields: https://www.kernel.org/doc/html/latest/filesystems/ext4/globals.html#super-block
 */
async function wasUnmounted({ disk, offset }: ExtDevice): Promise<boolean> {
  const file = await open(disk);
  try {
    const superblock = Buffer.alloc(1024);
    await file.read(superblock, 0, superblock.length, Number(offset) + 1024);
    const [magic, state, incompatible] = [0x38, 0x3a, 0x60].map((at) => superblock.readUInt16LE(at));
    return magic === 0xef53 && state === isClean && ((incompatible ?? 0) & needsRecovery) === 0;
  } finally {
    await file.close();
  }
}

const isClean = 1;
const needsRecovery = 4;

/** Exit codes of e2fsck(8): 1 is "errors corrected", as after a replayed journal. */
const verdicts: Readonly<Record<number, string | undefined>> = {
  1: undefined,
  4: 'is damaged',
  8: 'can not be checked',
  12: 'is damaged',
};

async function fsck(host: Caller, device: ExtDevice, way: Way): Promise<CommandResult> {
  return run(host, fsckCommand(way, device), { accept: Object.keys(verdicts).map(Number) });
}

async function judge(host: Caller, device: ExtDevice, { stdout, stderr, exitCode }: CommandResult): Promise<void> {
  const verdict = verdicts[exitCode];
  if (verdict === undefined) return;
  const [, features] = /has unsupported feature\(s\): *(.+)/.exec(`${stdout}\n${stderr}`) ?? [];
  if (features !== undefined) throw await unknownFeatures(host, device, features.trim());
  throw new Failure(`the file system ${deviceName(device)} ${verdict}:\n${stdout.trim()}`, {
    hint: 'The installation left a damaged disk: build the image again, and check the console log if the error persists.',
  });
}

/** Such a file system is whole; only a newer e2fsprogs can tell. */
async function unknownFeatures(host: Caller, device: ExtDevice, features: string): Promise<Failure> {
  const { e2fsck = 'e2fsck' } = await programVersions(host, ['e2fsck']);
  return new Failure(
    `the file system ${deviceName(device)} has features that e2fsprogs of this machine (${e2fsck}) does not know: ${features}; nothing is damaged`,
    {
      hint: `Build with a newer e2fsprogs, or let the installer make the file system without ${features} (mke2fs -O ^FEATURE, mke2fs.conf(5)). With a newer e2fsprogs on this machine, --resume continues with this disk.`,
    },
  );
}
