import { chmod, copyFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { quote } from 'shlex';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { LastLines } from '../host/lines.js';
import { withScratchDirectory } from '../host/scratch-directory.js';
import { lendPackages } from '../sandbox/package-cache.js';
import { withSandbox, type Sandbox, type SandboxOptions } from '../sandbox/sandbox.js';
import type { Bind } from '../sandbox/tree-mounts.js';
import { copyFiles } from './copy-files.js';
import { kindOfSystem } from './kind-of-system.js';
import type { DeriveJob } from './jobs.js';
import { withoutLinkerCache } from './linker-cache.js';
import { outputLog } from './output-log.js';
import { downloadsInTree, packageManagerOf, type PackageManager } from './package-managers.js';
import { namesInterpreter, shell } from './script-interpreter.js';
import type { TreeToChange } from './tree-to-change.js';

/** Where scripts are seen in the tree. */
const scriptsInTree = '/run/image-factory/run';

/** Makes the changes of a derived image in a tree: packages, elements, files, scripts, in this order. */
export async function changeTree(host: Host, job: DeriveJob, tree: TreeToChange): Promise<void> {
  await withoutLinkerCache(tree.root, () => change(host, job, tree));
}

async function change(host: Host, job: DeriveJob, tree: TreeToChange): Promise<void> {
  const { packages, files, run, postScript, elements } = job.changes;
  const scripts = [...run, ...(postScript === undefined ? [] : [{ text: postScript, name: 'post-script' }])];
  if (packages.added.length + packages.leftOut.length > 0) {
    await withPackageManager(host, job, tree, async ({ manager, sandbox, lent }) => {
      const names = [...packages.added, ...packages.leftOut.map((name) => `-${name}`)].join(' ');
      host.log.info(`Packages by ${manager.name}: ${names}`);
      for (const { words, shown, downloads } of manager.commands(packages)) {
        const binds = lent !== undefined && downloads !== undefined ? [{ ...lent, mode: downloads }] : [];
        await runTold(host, sandbox, words, binds, shown);
      }
      await sandbox.run(manager.clean);
    });
  }
  if (elements.length > 0) {
    const { runElements } = await import('./run-elements.js');
    await runElements(host, job, tree);
  }
  for (const directory of files) {
    host.log.info(`Copying ${directory}`);
    await copyFiles(host, directory, tree.root);
  }
  if (scripts.length === 0) return;
  await withSandbox(host, sandboxOf(job, tree), async (sandbox) => {
    for (const script of scripts) await runScript(host, { sandbox, scratch: tree.scratch }, script);
  });
}

function sandboxOf({ environment, guest }: DeriveJob, tree: TreeToChange): SandboxOptions {
  // A virtual machine of ours is there for the tree alone.
  return { ...tree, environment, kernel: guest === undefined ? 'shared' : 'own' };
}

/** A package manager that is ready to be called. */
interface ReadyManager {
  readonly manager: PackageManager;
  readonly sandbox: Sandbox;
  /** The directory that builds share. */
  readonly lent: Omit<Bind, 'mode'> | undefined;
}

async function withPackageManager(
  host: Host,
  job: DeriveJob,
  tree: TreeToChange,
  action: (ready: ReadyManager) => Promise<void>,
): Promise<void> {
  const { root } = tree;
  const manager = packageManagerOf(root);
  const within = (lent?: Omit<Bind, 'mode'>) =>
    withSandbox(host, sandboxOf(job, tree), (sandbox) => action({ manager, sandbox, lent }));
  const { downloads } = manager;
  if (downloads === undefined) return within();
  const shared = join(job.cache, await kindOfSystem(root));
  return lendPackages(host, downloads, { shared, root }, (from) => within({ from, to: downloadsInTree }));
}

/** Copied, so that what the script does to itself does not reach the build machine. */
async function runScript(
  host: Host,
  { sandbox, scratch: above }: { readonly sandbox: Sandbox; readonly scratch: string },
  script: string | { readonly text: string; readonly name: string },
): Promise<void> {
  const copied = async (scratch: string) => {
    const name = typeof script === 'string' ? basename(script) : script.name;
    const copy = join(scratch, name);
    if (typeof script === 'string') await copyFile(script, copy);
    else await writeFile(copy, script.text);
    await chmod(scratch, 0o755);
    await chmod(copy, 0o755);
    host.log.info(`Running ${typeof script === 'string' ? script : name}`);
    const inTree = join(scriptsInTree, name);
    const binds: Bind[] = [{ from: scratch, to: scriptsInTree, mode: 'read-only' }];
    const words = (await namesInterpreter(copy, sandbox.root)) ? [inTree] : [shell, inTree];
    await runTold(host, sandbox, words, binds, name);
  };
  await withScratchDirectory('run', copied, above);
}

/** Runs a program, and shows its last line as progress. */
async function runTold(
  host: Host,
  sandbox: Sandbox,
  words: readonly string[],
  binds: readonly Bind[] = [],
  name = words.map(quote).join(' '),
): Promise<void> {
  const last = new LastLines(20);
  const take = outputLog(host.log, name);
  try {
    await sandbox.run(words, {
      binds,
      onLine(line) {
        last.add(line);
        take(line);
      },
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [, how = 'failed'] = / (failed with exit code \d+|was ended by \S+)/.exec(error.message) ?? [];
    throw new Failure(`${name} ${how}${last.text() === '' ? '' : `:\n${last.text()}`}`, {
      hint: error.hint,
      cause: error,
    });
  }
}
