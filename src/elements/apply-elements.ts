import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../host/failure.js';
import type { Host } from '../host/host.js';
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
  const work = await mkdtemp(join(tmpdir(), 'image-factory-elements-'));
  const remove = host.release.hold(`the directory ${work}`, () => rm(work, { recursive: true, force: true }));
  try {
    const { environment, facts } = change;
    const plan = planOnParent(
      systemIn(change.tree),
      { ...change, environment: { ...environment, ARCH: facts.arch } },
      work,
    );
    for (const finding of ofOthers(plan)) host.log.warn(toldFinding(finding));
    const cwd = change.cwd ?? join(work, 'cwd');
    await mkdir(cwd, { recursive: true });
    host.log.info(`Applying elements: ${plan.elements.map(({ name }) => name).join(' ')}`);
    await runPhases(host, { ...change, plan, work, cwd });
    return plan;
  } finally {
    await remove();
  }
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
