import { chmod, copyFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { quote } from 'shlex';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { LastLines } from '../host/lines.js';
import { withScratchDirectory } from '../host/scratch-directory.js';
import { lendPackages } from '../sandbox/package-cache.js';
import { withSandbox, type Sandbox } from '../sandbox/sandbox.js';
import type { Bind } from '../sandbox/tree-mounts.js';
import { copyFiles } from './copy-files.js';
import { kindOfSystem } from './kind-of-system.js';
import type { DeriveJob } from './jobs.js';
import { packageManagerOf, type PackageManager } from './package-managers.js';
import { runElements } from './run-elements.js';

/** Where scripts are seen in the tree. */
const scriptsInTree = '/run/image-factory/run';

/** Makes the changes of a derived image in a mounted tree: packages, elements, files, scripts, in this order. */
export async function changeTree(host: Host, job: DeriveJob, root: string): Promise<void> {
  const { packages, files, run, postScript, elements } = job.changes;
  const scripts = [...run, ...(postScript === undefined ? [] : [{ text: postScript, name: 'post-script' }])];
  if (packages.added.length + packages.leftOut.length > 0) {
    await withPackageManager(host, job, root, async (manager, sandbox) => {
      const names = [...packages.added, ...packages.leftOut.map((name) => `-${name}`)].join(' ');
      host.log.info(`Packages by ${manager.name}: ${names}`);
      for (const words of manager.commands(packages)) await runTold(host, sandbox, words);
      await sandbox.run(manager.clean);
    });
  }
  if (elements.length > 0) await runElements(host, job, root);
  for (const directory of files) {
    host.log.info(`Copying ${directory}`);
    await copyFiles(host, directory, root);
  }
  if (scripts.length === 0) return;
  await withSandbox(host, { root, environment: job.environment, kernel: kernelOf(job) }, async (sandbox) => {
    for (const script of scripts) await runScript(host, sandbox, script);
  });
}

/** A virtual machine of ours is there for the tree alone. */
const kernelOf = ({ guest }: DeriveJob) => (guest === undefined ? 'shared' : 'own');

async function withPackageManager(
  host: Host,
  job: DeriveJob,
  root: string,
  action: (manager: PackageManager, sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const manager = packageManagerOf(root);
  const within = (binds: readonly Bind[]) =>
    withSandbox(host, { root, binds, environment: job.environment, kernel: kernelOf(job) }, (sandbox) =>
      action(manager, sandbox),
    );
  if (manager.cache === undefined) return within([]);
  const shared = join(job.cache, await kindOfSystem(root));
  return lendPackages(host, { shared, cache: manager.cache }, (bind) => within([bind]));
}

/** Copied, so that what the script does to itself does not reach the build machine. */
async function runScript(
  host: Host,
  sandbox: Sandbox,
  script: string | { readonly text: string; readonly name: string },
): Promise<void> {
  await withScratchDirectory('run', async (scratch) => {
    const name = typeof script === 'string' ? basename(script) : script.name;
    const copy = join(scratch, name);
    if (typeof script === 'string') await copyFile(script, copy);
    else await writeFile(copy, script.text);
    await chmod(scratch, 0o755);
    await chmod(copy, 0o755);
    host.log.info(`Running ${typeof script === 'string' ? script : name}`);
    const inTree = join(scriptsInTree, name);
    const binds: Bind[] = [{ from: scratch, to: scriptsInTree, mode: 'read-only' }];
    const words = (await hasInterpreter(copy)) ? [inTree] : ['/bin/sh', inTree];
    await runTold(host, sandbox, words, binds, name);
  });
}

/** Whether a file says what runs it: `#!`, or a program's own format. */
async function hasInterpreter(path: string): Promise<boolean> {
  const { open } = await import('node:fs/promises');
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(4);
    if ((await stat(path)).size === 0) return false;
    await file.read(bytes, 0, 4, 0);
    return bytes.toString('latin1', 0, 2) === '#!' || bytes.toString('latin1') === '\x7fELF';
  } finally {
    await file.close();
  }
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
  try {
    await sandbox.run(words, {
      binds,
      onLine(line) {
        last.add(line);
        host.log.debug(line);
        host.log.progress({ text: line.slice(0, 100) });
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
