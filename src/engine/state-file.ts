import { readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSynced } from '../host/synced-file.js';
import type { RunRecord } from './stage.js';

/** The state file of a build: enough to clean up after a killed build, and to resume it. */
export interface StateFile<State extends object, Resources> {
  readonly version: typeof stateVersion;
  /** What is built. */
  readonly name: string;
  readonly processId: number;
  /** The resources to release if the build was killed. */
  readonly resources: Resources;
  /** The completed steps, by name, each with its id. */
  readonly finished: Readonly<Record<string, string>>;
  /** The step that is changing the work in place. */
  readonly running?: string | undefined;
  /** The work after the last step. */
  readonly work?: WorkFile | undefined;
  readonly record: RunRecord;
  readonly state: State;
}

/** A build of another version of the program can be cleaned up, but not resumed. */
export const stateVersion = 4;

export interface WorkFile {
  readonly path: string;
  readonly fingerprint: Fingerprint;
}

/**
 * Detects whether a file was written to, without reading a disk of many gigabytes. It is valid only until the machine
 * restarts: after a crash, a file of the right size and time may lack data that was only in memory.
 */
export interface Fingerprint {
  readonly inode: string;
  /** Bytes. */
  readonly size: string;
  /** Nanoseconds since 1970. */
  readonly modified: string;
  /** The kernel's id of this start of the machine (random(4), boot_id). */
  readonly boot: string;
}

/**
 * Writes the state file. A reader finds either the old or the new one, complete, even after a power failure.
 *
 * @throws an error of the file system, such as ENOSPC
 */
export async function saveState<State extends object, Resources>(
  workDir: string,
  content: Omit<StateFile<State, Resources>, 'version' | 'processId'>,
): Promise<void> {
  const whole: StateFile<State, Resources> = { version: stateVersion, processId: process.pid, ...content };
  const file = stateFile(workDir);
  await writeSynced(`${file}.part`, `${JSON.stringify(whole, undefined, 2)}\n`, 'w', 0o600);
  await rename(`${file}.part`, file);
}

/** Undefined if it is missing, empty, incomplete, or of another program. */
export async function readState<State extends object, Resources>(
  workDir: string,
): Promise<StateFile<State, Resources> | undefined> {
  try {
    const content = JSON.parse(await readFile(stateFile(workDir), 'utf8')) as StateFile<State, Resources> | null;
    const isWhole =
      content?.version === stateVersion &&
      [content.resources, content.finished, content.record, content.state].every((part) => typeof part === 'object');
    return isWhole ? content : undefined;
  } catch {
    return undefined;
  }
}

function stateFile(workDir: string): string {
  return join(workDir, 'state.json');
}

/** Undefined if there is no such file. */
export async function fingerprintOf(path: string): Promise<Fingerprint | undefined> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return stat(path, { bigint: true }).then(
    ({ ino, size, mtimeNs }) => ({ inode: String(ino), size: String(size), modified: String(mtimeNs), boot }),
    () => undefined,
  );
}
