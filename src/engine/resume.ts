import { access } from 'node:fs/promises';
import { moveFile } from '../disk/move-file.js';
import type { Host } from '../host/host.js';
import { sha256Of } from '../host/digest.js';
import type { Build, Plan } from '../images/build.js';
import type { Stage } from './stage.js';
import { fingerprintOf, inputsDigest, readState, type StateFile } from './state-file.js';

/** An earlier build that can be continued. */
export interface Resumable {
  readonly left: StateFile;
  /** The stages that are still to be run, in order. */
  readonly remaining: readonly Stage[];
}

/**
 * Finds how far an earlier build of the image came: up to the first stage that did not end, or that is now asked for
 * something else. The build goes on from there if what this stage works on is still what the build left. Says why not
 * otherwise.
 *
 * @param stages those that the image asks for, in order
 */
export async function findResumable(
  host: Host & Pick<Build, 'secrets'>,
  plan: Plan,
  stages: readonly Stage[],
): Promise<Resumable | { readonly whyNot: string }> {
  const { spec, paths } = plan;
  const left = await readState(paths.workDir);
  if (left === undefined) return { whyNot: `there is no unfinished build of ${spec.name} in ${paths.outputDir}` };
  const build: Build = { ...host, ...plan, state: left.state };
  const first = await firstToRun(stages, build, left);
  const remaining = stages.slice(stages.indexOf(first));
  if (remaining.some(({ name }) => name === 'install')) return { whyNot: reasonFor(first, left) };
  const changed = await changedFile(build, left, remaining);
  return changed === undefined ? { left, remaining } : { whyNot: changed };
}

/** The last one, if all is done: an end that could not be written down. */
async function firstToRun(stages: readonly Stage[], build: Build, left: StateFile): Promise<Stage> {
  for (const stage of stages) {
    if (left.finished[stage.name] !== (await inputsDigest(stage, build))) return stage;
  }
  return stages.at(-1)!;
}

function reasonFor({ name }: Stage, left: StateFile): string {
  return name in left.finished
    ? `the stage ${name} is now asked for something else`
    : `the earlier build came no further than the stage ${name}`;
}

/** What the next stage works on: the raw disk, then the image before it has its name, then the image. */
async function changedFile(build: Build, left: StateFile, remaining: readonly Stage[]): Promise<string | undefined> {
  const { rawDisk, candidate, image } = build.paths;
  const isAhead = (name: string) => remaining.some((stage) => stage.name === name);
  if (isAhead('convert')) return changedSince(left, rawDisk);
  if (isAhead('checksum')) return changedSince(left, candidate);
  if (isAhead('finish')) return (await takeBack(build)) ? undefined : notAsLeft(candidate);
  return (await isTheImage(build, image)) ? undefined : notAsLeft(image);
}

async function changedSince(left: StateFile, path: string): Promise<string | undefined> {
  const before = left.files[path];
  return before !== undefined && before === (await fingerprintOf(path)) ? undefined : notAsLeft(path);
}

/** An image that failed its boot test has got another name, and one that was about to be finished its own. */
async function takeBack(build: Build): Promise<boolean> {
  const { candidate, unproven, image } = build.paths;
  for (const path of [candidate, unproven, image]) {
    if (!(await isTheImage(build, path))) continue;
    await moveFile(build, path, candidate);
    return true;
  }
  return false;
}

async function isTheImage(build: Build, path: string): Promise<boolean> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists && (await sha256Of(build, path)) === build.state.image?.sha256;
}

function notAsLeft(path: string): string {
  return `${path} is not as the earlier build left it`;
}
