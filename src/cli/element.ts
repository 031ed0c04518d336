import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../host/failure.js';
import { elementPathOf } from '../elements/element-path.js';
import { readElements, readIfThere, type Element } from '../elements/element.js';
import { toldFinding, type ElementFinding } from '../elements/finding.js';
import { environmentOf, runPhases } from '../elements/merge.js';
import { type PackageEntry } from '../elements/package-lists.js';
import { parentElement, withParent, writeParentElement } from '../elements/parent-system.js';
import { planElements, type ElementPlan } from '../elements/plan.js';
import { packageEntries } from '../elements/squash.js';
import { trapsIn } from '../elements/traps.js';
import { visible } from '../report/visible.js';
import { configuredElementPath } from './element-path.js';

export interface ElementFlags {
  readonly config?: string;
  readonly elementPath?: string;
  readonly names?: boolean;
  readonly json?: boolean;
  readonly on?: string;
}

/** A name and the first sentence of its README on each line. */
export function list(flags: ElementFlags): void {
  const path = pathOf(flags);
  const elements = [...readElements(path).values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  if (flags.names) return elements.forEach(({ name }) => console.log(visible(name)));
  const shown = elements.map(({ name, directory, provides, overrides }) => {
    return {
      name,
      description: firstSentence(readIfThere(join(directory, 'README.rst')) ?? ''),
      directory,
      provides,
      overrides,
    };
  });
  if (flags.json) return printJson({ elements: shown });
  const width = Math.max(...shown.map(({ name }) => name.length));
  for (const { name, description } of shown) console.log(visible(`${name.padEnd(width)}  ${description}`.trimEnd()));
}

/** Of a README in reStructuredText: after its title, up to the first full stop. */
function firstSentence(text: string): string {
  const paragraph = text
    .split(/\n\s*\n/)
    .map((each) => each.replace(/^([=~#*-])\1*\n?/gm, '').trim())
    .map((each, at) => (at === 0 ? each.split('\n').slice(1).join('\n').trim() : each))
    .find((each) => each !== '');
  return (paragraph ?? '')
    .replace(/\s+/g, ' ')
    .replace(/\. .*$/, '')
    .replace(/[.:]+$/, '');
}

/** What a build with these elements runs, sources and installs, in its order. */
export function show(names: readonly string[], flags: ElementFlags): void {
  withPlan(names, flags, (plan) => {
    const phases = runPhases(plan.hooks).map(({ phase, hooks }) => ({
      phase,
      hooks: hooks.map(({ name, element, source }) => ({ name, element, source })),
    }));
    const sourced = environmentOf(plan.hooks).map(({ name, element, source }) => ({ name, element, source }));
    const packages = packageEntries(
      plan.elements.map(({ name }) => name),
      plan.path.directories,
    );
    const elements = plan.elements.map(({ name, directory, overrides }) => ({ name, directory, overrides }));
    const provided = [...plan.provided].map(([name, by]) => ({ name, by }));
    if (flags.json) {
      return printJson({ elements, provided, environment: sourced, phases, packages, findings: plan.findings });
    }
    heading('elements');
    for (const { name, directory } of elements) row(name, name === parentElement ? '(the parent)' : directory);
    heading('provided by others');
    for (const { name, by } of provided) row(name, by);
    heading('environment.d');
    for (const { name, element } of sourced) row(name, element);
    for (const { phase, hooks } of phases) {
      heading(phase);
      for (const { name, element } of hooks) row(name, element);
    }
    heading('packages');
    for (const entry of packages) row(entry.name, told(entry));
    tell(plan.findings);
  });
}

function heading(text: string): void {
  console.log(`${text}:`);
}

function row(left: string, right: string): void {
  console.log(visible(`  ${left.padEnd(34)}  ${right}`.trimEnd()));
}

function told({
  element,
  phase,
  uninstall,
  buildOnly,
  installType,
  arch,
  notArch,
  pythonVersion,
  when,
}: PackageEntry): string {
  const what = buildOnly ? 'installed, and removed again in' : uninstall ? 'removed in' : 'installed in';
  const conditions = [
    ...(installType === undefined ? [] : [`for install type ${installType}`]),
    ...(arch === undefined ? [] : [`on ${arch}`]),
    ...(notArch === undefined ? [] : [`not on ${notArch}`]),
    ...(pythonVersion === undefined ? [] : [`for Python ${pythonVersion}`]),
    ...when.map(({ variable, isEqual, value }) => `when ${variable} ${isEqual ? '=' : '!='} ${value}`),
  ];
  return [`${what} ${phase} (${element})`, ...conditions].join(', ');
}

/** What is wrong in elements: in these together, or in each one that is known. */
export function check(names: readonly string[], flags: ElementFlags): void {
  if (names.length > 0) return withPlan(names, flags, ({ findings, elements }) => report(findings, elements, flags));
  const elements = [...readElements(pathOf(flags)).values()];
  report(elements.flatMap(trapsIn), elements, flags);
}

function report(findings: readonly ElementFinding[], elements: readonly Element[], { json }: ElementFlags): void {
  if (findings.some(({ weight }) => weight === 'error')) process.exitCode = 1;
  if (json) return printJson({ elements: elements.map(({ name }) => name), findings });
  for (const finding of findings) console.log(visible(`${finding.weight}: ${toldFinding(finding)}`));
  if (findings.length === 0) console.log(`nothing wrong in ${elements.length} elements`);
}

function tell(findings: readonly ElementFinding[]): void {
  for (const finding of findings) console.error(visible(`image-factory: ${finding.weight}: ${toldFinding(finding)}`));
}

function withPlan(names: readonly string[], flags: ElementFlags, use: (plan: ElementPlan) => void): void {
  const [id = '', codename = '', ...more] = (flags.on ?? '').split('/');
  if (id === '' || codename === '' || more.length > 0) {
    throw new UsageError([`--on ${flags.on}: expected distribution and codename, such as debian/trixie`]);
  }
  const directory = mkdtempSync(join(tmpdir(), 'image-factory-element-'));
  try {
    const system = { id, codename };
    const parent = writeParentElement(directory, system);
    use(planElements({ asked: withParent(names, system, {}), path: pathOf(flags), further: [parent] }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function pathOf(flags: ElementFlags) {
  const path = elementPathOf(configuredElementPath(flags));
  if (path.directories.length > 0) return path;
  throw new UsageError([
    'no elements: install python3-diskimage-builder, or name a directory of elements by --element-path or element-path',
  ]);
}

function printJson(value: unknown): void {
  console.log(JSON.stringify(value, undefined, 2));
}
