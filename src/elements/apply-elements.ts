import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../host/failure.js';
import { command, insistently, run as runCommand, type Host } from '../host/host.js';
import { holdScratchDirectory } from '../host/scratch-directory.js';
import { aptDownloads } from '../sandbox/apt-downloads.js';
import { lendPackages } from '../sandbox/package-cache.js';
import { pathInTree } from '../sandbox/tree-path.js';
import { elementPathOf } from './element-path.js';
import { systemIn, type BuildFacts } from './environment.js';
import { toldFinding } from './finding.js';
import { withParent, writeParentElement, type ParentSystem } from './parent-system.js';
import { ofOthers, planElements, type ElementPlan } from './plan.js';
import { expectBuilder, runPhases } from './run-phases.js';

/** Elements to be applied to a tree. */
export interface ElementChange {
  readonly elements: readonly string[];
  /** Directories of elements; diskimage-builder's own come last. */
  readonly elementPath: readonly string[];
  /** A mounted tree that may be written to, with the owners that this process sees. */
  readonly tree: string;
  readonly facts: BuildFacts;
  /** Installed after the phase install.d, under the distribution's own names. */
  readonly packages: readonly string[];
  /** What hooks inherit, beside what diskimage-builder sets. */
  readonly environment: NodeJS.ProcessEnv;
  /**
   * Where files are made for the time being. Default: the directory for temporary files, where a process that is killed
   * leaves them.
   */
  readonly scratch?: string;
  /** Downloads that later builds use again: made if it is not there. */
  readonly cache: string;
  /** Where hooks on the host begin. Without one, an empty directory that is removed. */
  readonly cwd?: string;
  readonly onLine: (line: string) => void;
}

/**
 * Applies elements to a system: all their phases, in order. To be called where this process is root, be it of a user
 * namespace.
 *
 * @throws UsageError before anything runs, if the elements can't be resolved or are broken
 * @throws Failure that names the hook which failed
 */
export async function applyElements(host: Host, change: ElementChange): Promise<ElementPlan> {
  const { path: work, remove } = await holdScratchDirectory(host, 'elements', change.scratch);
  try {
    const { environment, facts } = change;
    const plan = planOnParent(
      await systemIn(change.tree),
      { ...change, environment: { ...environment, ARCH: facts.arch } },
      work,
    );
    for (const finding of ofOthers(plan)) host.log.warn(toldFinding(finding));
    const cwd = change.cwd ?? join(work, 'cwd');
    await mkdir(cwd, { recursive: true });
    host.log.info(`Applying elements: ${plan.elements.map(({ name }) => name).join(' ')}`);
    await withPackages(host, change, (variables) =>
      runPhases(host, { ...change, environment: { ...environment, ...variables }, plan, work, cwd }),
    );
    return plan;
  } finally {
    await remove();
  }
}

/** Where apt keeps the packages that it downloaded, in the tree. */
const archives = '/var/cache/apt/archives';

/**
 * The element dpkg would mount one directory of packages into every build, and apt locks it: here any number of builds
 * share them. What is mounted there does not come into the image, so it need not be emptied.
 *
 * @param run gets variables for the hooks
 */
async function withPackages(
  host: Host,
  { tree, cache, environment }: ElementChange,
  run: (variables: NodeJS.ProcessEnv) => Promise<void>,
): Promise<void> {
  const place = await pathInTree(tree, archives);
  if (environment.DIB_APT_LOCAL_CACHE === '0' || !existsSync(place)) return run({});
  const shared = join(cache, 'apt-packages');
  await lendPackages(host, aptDownloads, { shared, root: tree }, async (from) => {
    await runCommand(host, command('mount', ['--bind', from, place]));
    const release = host.release.hold(`the mount of ${place}`, async () => {
      await runCommand(insistently(host), command('umount', ['--lazy', place]));
    });
    try {
      await run({ DIB_APT_LOCAL_CACHE: '0', DIB_DISABLE_APT_CLEANUP: '1' });
    } finally {
      await release();
    }
  });
}

/**
 * What elements make of a build on a parent.
 *
 * @param work an empty directory, which holds the parent's element as long as the plan is used
 * @throws UsageError with every error
 */
export function planOnParent(
  system: ParentSystem,
  { elements, elementPath, environment }: Pick<ElementChange, 'elements' | 'elementPath' | 'environment'>,
  work: string,
): ElementPlan {
  const path = elementPathOf(elementPath);
  expectBuilder({ path });
  const parent = writeParentElement(join(work, 'parent'), system);
  const plan = planElements({ asked: withParent(elements, system, environment), path, further: [parent] });
  const errors = plan.findings.filter(({ weight }) => weight === 'error');
  if (errors.length > 0) throw new UsageError(errors.map(toldFinding));
  return plan;
}
