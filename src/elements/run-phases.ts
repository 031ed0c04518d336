import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, indented } from '../host/failure.js';
import { follow, type Caller } from '../host/host.js';
import { LastLines } from '../host/lines.js';
import { findExecutable } from '../host/programs.js';
import { withoutTheKernel } from '../sandbox/sandbox.js';
import type { DiskimageBuilder } from './element-path.js';
import { hookEnvironment, type BuildDirectories, type BuildFacts } from './environment.js';
import { hooksOf } from './merge.js';
import { missingPython } from './missing-python.js';
import { mountShim, phaseScript, sudoShim, umountShim } from './phase-script.js';
import type { ElementPlan } from './plan.js';
import { hasProgram } from './tree-programs.js';

/** One run of the phases in a tree. */
export interface PhaseRun {
  readonly plan: ElementPlan;
  /** The system to change; its owners are those that this process sees. */
  readonly tree: string;
  /** A directory of its own, which the caller removes. */
  readonly work: string;
  readonly facts: BuildFacts;
  /** Installed after the phase install.d, under the distribution's own names. */
  readonly packages: readonly string[];
  /** What hooks inherit. */
  readonly environment: NodeJS.ProcessEnv;
  /** Downloads that later builds use again. */
  readonly cache: string;
  /** Where relative names of the hooks, such as that of the image, lead to. */
  readonly cwd: string;
  readonly onLine: (line: string) => void;
}

/** Programs that diskimage-builder's scripts need, in the tree and on the host. */
const neededInTree = ['bash', 'find', 'grep', 'sort', 'mktemp', 'awk', 'date'];
const neededHere = ['bash', 'awk', 'find', 'python3'];

/**
 * Runs all phases in a tree. To be called where this process is root: the real one, or that of a user namespace with
 * subordinate ids. Mounts and processes of the hooks end with it.
 *
 * @throws Failure that names the hook which failed, its element and its last lines
 */
export async function runPhases(caller: Caller, run: PhaseRun): Promise<void> {
  const { plan, work, tree } = run;
  const builder = expectBuilder(plan);
  expectPrograms(tree);
  const directories: BuildDirectories = {
    build: join(work, 'build'),
    hooks: join(work, 'build/hooks'),
    image: join(work, 'image'),
    cache: run.cache,
    locks: join(run.cache, 'lockfiles'),
  };
  const shims = join(work, 'shims');
  const shimsInTree = join(work, 'shims-in-tree');
  for (const directory of [...Object.values<string>({ ...directories }), shims, shimsInTree])
    await mkdir(directory, { recursive: true });
  for (const each of [shims, shimsInTree]) await writeFile(join(each, 'sudo'), sudoShim, { mode: 0o755 });
  await writeFile(join(shims, 'umount'), umountShim, { mode: 0o755 });
  await writeFile(join(shims, 'mount'), mountShim, { mode: 0o755 });
  await copyHooks(plan, directories.hooks);
  const script = join(work, 'phases');
  await writeFile(script, phaseScript, { mode: 0o755 });
  const result = join(work, 'result');
  const env = {
    ...hookEnvironment(run.environment, run.facts, directories, { ...plan, path: { ...plan.path, builder } }),
    IF_TREE: tree,
    IF_SHIMS: shims,
    IF_SHIMS_IN_TREE: shimsInTree,
    IF_RESULT: result,
    IF_PACKAGES: run.packages.join(' '),
    IF_ELEMENT_ARRAY: plan.elements.map(({ name, directory }) => `[${name}]=${directory}`).join(' '),
  };
  const watch = new HookWatch(run.onLine);
  const args = [
    ...['--pdeathsig', 'KILL', '--'],
    ...['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
    ...withoutTheKernel,
    ...['bash', script],
  ];
  const call = { file: 'setpriv', args, cwd: run.cwd, env };
  try {
    await follow(caller, call, (line) => watch.line(line), { outputPatience: 1000 });
  } catch (error) {
    const [phase, code] = resultIn(result);
    if (phase === undefined || !(error instanceof Failure)) throw error;
    throw watch.failure(run, phase, code ?? '?');
  }
}

function resultIn(file: string): string[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8').trim();
  const at = text.lastIndexOf(' ');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Follows what dib-run-parts says of the hooks. */
class HookWatch {
  #hook: string | undefined;
  #last = new LastLines(20);

  constructor(private readonly onLine: (line: string) => void) {}

  line(text: string): void {
    const running = /^dib-run-parts Running (\S+)$/.exec(text);
    if (running) {
      this.#hook = running[1];
      this.#last = new LastLines(20);
    } else {
      this.#last.add(text);
    }
    this.onLine(text);
  }

  failure({ plan, tree }: Pick<PhaseRun, 'plan' | 'tree'>, phase: string, code: string): Failure {
    const name = this.#hook?.split('/').at(-1);
    const hook = hooksOf(plan.hooks, phase).find((entry) => entry.name === name);
    const said = this.#last.text();
    const what = hook
      ? `${phase}/${hook.name} of element '${hook.element}' failed with exit code ${code}`
      : `elements: ${phase} failed with exit code ${code}`;
    const hints = [hook ? `It is ${hook.source}.` : [], missingPython(tree, said) ?? []].flat();
    return new Failure(`${what}${said === '' ? '' : `:\n${indented(said)}`}`, {
      hint: hints.length > 0 ? hints.join('\n') : undefined,
    });
  }
}

/** @throws Failure if diskimage-builder itself is not there */
export function expectBuilder({ path }: Pick<ElementPlan, 'path'>): DiskimageBuilder {
  if (path.builder) return path.builder;
  throw new Failure("diskimage-builder's own scripts are not there: its dib-run-parts runs the hooks of elements", {
    hint: 'apt-get install python3-diskimage-builder; or unpack it, and name its directory of elements in element-path',
  });
}

function expectPrograms(tree: string): void {
  const here = neededHere.filter((name) => findExecutable(name) === undefined);
  if (here.length > 0) throw new Failure(`elements need ${here.join(', ')} on this machine`);
  const lacking = neededInTree.filter((name) => !hasProgram(tree, name));
  if (lacking.length === 0) return;
  throw new Failure(`elements can't be run in the parent's tree: it lacks ${lacking.join(', ')}`, {
    hint: "diskimage-builder's dib-run-parts needs them. Add their packages to the parent.",
  });
}

/** Owners are not kept: in the tree, what hooks install is root's. */
async function copyHooks(plan: ElementPlan, hooks: string): Promise<void> {
  for (const { source, directory, name } of plan.hooks.entries) {
    await mkdir(join(hooks, directory), { recursive: true });
    const options = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true, force: true };
    await cp(source, join(hooks, directory, name), options);
  }
  await mkdir(join(hooks, 'environment.d'), { recursive: true });
  const type = 'export DIB_DEFAULT_INSTALLTYPE=${DIB_DEFAULT_INSTALLTYPE:-"source"}\n';
  await writeFile(join(hooks, 'environment.d/11-dib-install-type.bash'), type);
}
