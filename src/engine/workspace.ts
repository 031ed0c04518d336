import { rm } from 'node:fs/promises';
import { quote } from 'shlex';
import { reasonOf } from '../host/errno.js';
import type { claimLock } from '../host/file-lock.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Release } from '../host/release-stack.js';
import { makeSearchable } from '../host/searchable-directory.js';
import { writeBelonging } from './belonging.js';

/** How a build comes by the lock of what it builds: it fails where another one has it, or waits. */
export type Claim = typeof claimLock;

/** Where a build works. All paths are absolute. */
export interface WorkPlace<Resources> {
  /** What is built, as the user calls it. */
  readonly name: string;
  readonly outputDir: string;
  /** Held by the one build of this name that may work in the output directory. */
  readonly lock: string;
  /** In the output directory; the state file lies in it. */
  readonly workDir: string;
  /** Every directory that the build makes, the work directory among them; removed when it ends. */
  readonly directories: readonly string[];
  /** What a build takes that outlives its process, as plain data for the state file. */
  readonly resources: Resources;
  /** Gives back what a build took that is over. Calling it again does no harm. */
  giveBack(host: Host, resources: Resources): Promise<void>;
  /** The work directories of earlier builds of the name, this one's among them if there is one. */
  earlier(): Promise<readonly string[]>;
  /** The directories that hold the build's work, beside the work directory. */
  directoriesOf(resources: Resources): readonly string[];
}

/** The directories of a build. */
export interface Workspace {
  /** From now on they stay where they are when the build ends, for one that resumes. */
  keep(): void;
  /** From now on they are removed when the build ends. */
  discard(): void;
}

/** QEMU's user must be able to search the directory of the disk; nobody needs to list it. */
const searchable = 0o711;

/**
 * Makes sure that no other build of this name works in its output directory, until the host's release stack is released.
 *
 * @throws Failure as `claim` does
 */
export async function claimWorkPlace(host: Host, place: WorkPlace<unknown>, claim: Claim): Promise<void> {
  try {
    makeSearchable(place.outputDir);
  } catch (error) {
    throw new Failure(`can't make the output directory ${place.outputDir}: ${reasonOf(error)}`);
  }
  await claim(host, place.lock, `the image ${place.name} in ${place.outputDir}`);
}

/**
 * Makes the directories, and gives them back when the build ends. The place must be claimed.
 *
 * @param work whether there is work in them already, which is kept until the build says otherwise
 */
export function holdWorkspace(host: Host, place: WorkPlace<unknown>, work: 'none' | 'kept'): Workspace {
  const { directories, workDir, resources } = place;
  let kept = work === 'kept';
  for (const directory of directories) {
    const release: Release = async (unreleased) => {
      if (kept) return;
      // Its state file says what is left: by that, the next build clears up.
      if (unreleased.length > 0) host.log.warn(`${directory} stays: the next build of its name clears up`);
      else await rm(directory, { recursive: true, force: true });
    };
    host.release.hold(`the directory ${directory}`, release, `rm -r ${quote(directory)}`);
    makeSearchable(directory, searchable);
    if (directory !== workDir) writeBelonging(directory, { workDir, processId: process.pid, resources });
  }
  return { keep: () => void (kept = true), discard: () => void (kept = false) };
}
