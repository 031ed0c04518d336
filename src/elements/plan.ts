import type { Element } from './element.js';
import { readElements, type Elements } from './element.js';
import type { ElementPath } from './element-path.js';
import type { ElementFinding } from './finding.js';
import { mergeHooks, type MergedHooks } from './merge.js';
import { resolveElements, type ResolvedElements } from './resolve.js';
import { overwrittenFiles, serviceConflicts, trapsIn, unreadFiles } from './traps.js';

/** What elements make of a build, before anything runs. */
export interface ElementPlan extends ResolvedElements {
  readonly hooks: MergedHooks;
  readonly findings: readonly ElementFinding[];
  readonly path: ElementPath;
}

export interface ElementRequest {
  readonly asked: readonly string[];
  readonly path: ElementPath;
  /** Elements that lie in no directory of the path, and hide those of their names. */
  readonly further?: readonly Element[];
}

/**
 * Resolves elements, merges their hooks and looks for what would fail or silently do nothing. Nothing is run.
 *
 * @throws UsageError if the elements can't be resolved; what is wrong in them is in the findings
 */
export function planElements({ asked, path, further = [] }: ElementRequest): ElementPlan {
  const known = withFurther(readElements(path), further);
  const resolved = resolveElements(asked, known, path.directories);
  const hooks = mergeHooks(resolved.elements);
  const findings = [
    ...hooks.findings,
    ...resolved.elements.flatMap(trapsIn),
    ...unreadFiles(resolved.elements, resolved.provided),
    ...overwrittenFiles(resolved.elements),
    ...serviceConflicts(resolved.elements),
  ];
  return { ...resolved, hooks, findings, path };
}

function withFurther(known: Elements, further: readonly Element[]): Elements {
  return new Map([...known, ...further.map((element) => [element.name, element] as const)]);
}

/** Those about elements other than diskimage-builder's own, which a user can change. */
export function ofOthers({ findings, path }: Pick<ElementPlan, 'findings' | 'path'>): ElementFinding[] {
  const own = path.builder?.elements;
  return findings.filter(({ weight, file }) => weight === 'error' || own === undefined || !file.startsWith(`${own}/`));
}
