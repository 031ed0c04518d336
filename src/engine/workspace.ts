import { rm } from 'node:fs/promises';
import { quote } from 'shlex';
import { errnoOf, reasonOf } from '../host/errno.js';
import type { claimLock } from '../host/file-lock.js';
import { Failure, UsageError } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Release } from '../host/release-stack.js';
import { makeSearchable } from '../host/searchable-directory.js';
import { writeBelonging } from './belonging.js';

/** How a build takes the lock of its image: fails if another build holds it, or waits. */
export type Claim = typeof claimLock;

/** The directories of a build. All paths are absolute. */
export interface WorkPlace<Resources> {
  /** The name of the image. */
  readonly name: string;
  readonly outputDir: string;
  /** The lock file: only one build of this name may work in the output directory. */
  readonly lock: string;
  /** In the output directory; holds the state file. */
  readonly workDir: string;
  /** Every directory that the build makes, including the work directory; removed when it ends. */
  readonly directories: readonly string[];
  /** The resources of the build that outlive its process, as plain data for the state file. */
  readonly resources: Resources;
  /** Releases the resources of a build that has ended. May be called more than once. */
  giveBack(host: Host, resources: Resources): Promise<void>;
  /** The work directories of earlier builds of the name, including this one's if it exists. */
  earlier(): Promise<readonly string[]>;
  /** The directories that hold the build's work, in addition to the work directory. */
  directoriesOf(resources: Resources): readonly string[];
}

/** The directories of a build. */
export interface Workspace {
  /** Keeps them when the build ends, for `--resume`. */
  keep(): void;
  /** Removes them when the build ends. */
  discard(): void;
}

/** QEMU's user must be able to search the disk's directory, but not to list it. */
const searchable = 0o711;

/**
 * Takes the lock of this name in the output directory, until the host's release stack is released.
 *
 * @throws Failure as `claim` does
 * @throws UsageError if the output directory, or one above it, is something else
 */
export async function claimWorkPlace(host: Host, place: WorkPlace<unknown>, claim: Claim): Promise<void> {
  try {
    makeSearchable(place.outputDir);
  } catch (error) {
    const problem = `can't make the output directory ${place.outputDir}: ${reasonOf(error)}`;
    if (['EEXIST', 'ENOTDIR'].includes(errnoOf(error)?.code ?? '')) throw new UsageError([problem]);
    throw new Failure(problem);
  }
  await claim(host, place.lock, `the image ${place.name} in ${place.outputDir}`);
}

/**
 * Makes the directories, and removes them when the build ends. The place must be claimed.
 *
 * @param work 'kept' if they already hold work, which stays until the build discards it
 */
export function holdWorkspace(host: Host, place: WorkPlace<unknown>, work: 'none' | 'kept'): Workspace {
  const { directories, workDir, resources } = place;
  let kept = work === 'kept';
  for (const directory of directories) {
    const release: Release = async (unreleased) => {
      if (kept) return;
      // The next build reads the state file in it, and cleans up.
      if (unreleased.length > 0) host.log.warn(`${directory} stays: the next build of this name removes it`);
      else await rm(directory, { recursive: true, force: true });
    };
    host.release.hold(`the directory ${directory}`, release, `rm -r ${quote(directory)}`);
    makeSearchable(directory, searchable);
    if (directory !== workDir) writeBelonging(directory, { workDir, processId: process.pid, resources });
  }
  return { keep: () => void (kept = true), discard: () => void (kept = false) };
}
