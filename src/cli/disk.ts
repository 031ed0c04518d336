import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { split } from 'shlex';
import { layoutFile } from '../config/layout-file.js';
import { imageSize } from '../config/option-types.js';
import { didYouMean } from '../config/suggestion.js';
import type { BootLoaderChoice } from '../disk/make/boot/add-boot-loaders.js';
import { makeDisk } from '../disk/make/make-disk.js';
import { reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import type { Log } from '../host/log.js';
import { ReleaseStack } from '../host/release-stack.js';
import { exitCodes } from '../jobs/outcome.js';
import type { Layout } from '../layout/layout.js';
import { parseLayout } from '../layout/parse.js';
import { planLayout } from '../layout/plan.js';
import { inSession, type LogFlags } from './session.js';
import { untilSignalled } from './signals.js';

export interface DiskFlags extends LogFlags {
  readonly layout?: string;
  readonly tree?: string;
  readonly size?: string;
  readonly bootLoader: BootLoaderChoice;
  readonly kernelOptions?: string;
  readonly force?: boolean;
}

/** Makes a raw disk from a layout and a tree. */
export async function disk(action: string, output: string, flags: DiskFlags): Promise<void> {
  if (action !== 'make') {
    throw new UsageError([`disk ${action}: expected 'disk make'${didYouMean(action, ['make'])}`]);
  }
  const { log, outcome } = await inSession(flags, async ({ log }) => {
    const tree = flags.tree ?? missing('--tree <dir>', 'the directory tree that the disk is to hold');
    const layout = plannedLayout(flags, log);
    refuseOutput(output, flags);
    await untilSignalled(async (signal) => {
      const host = { log, signal, release: new ReleaseStack() };
      const wanted = {
        layout,
        tree,
        output,
        bootLoader: flags.bootLoader,
        ...fromEnvironment(),
        kernelWords: words(flags),
      };
      const files = await host.release.after(log, () => makeDisk(host, wanted));
      for (const file of files) log.info(`Made ${file}`);
    });
  });
  log.close();
  process.exitCode = exitCodes[outcome];
}

function refuseOutput(output: string, { force }: DiskFlags): void {
  if (!existsSync(dirname(output))) throw new UsageError([`${output}: there is no directory ${dirname(output)}`]);
  const there = statSync(output, { throwIfNoEntry: false });
  if (there && !there.isFile()) throw new UsageError([`${output}: it is there, and is not a file`]);
  if (there && !force) {
    throw new UsageError([`${output}: there is a file of that name already: choose another name, or use '--force'`]);
  }
}

function missing(option: string, what: string): never {
  throw new UsageError([`disk make: ${option} is missing: ${what}`]);
}

export function plannedLayout({ layout: named, size }: Pick<DiskFlags, 'layout' | 'size'>, log: Log): Layout {
  const name = named ?? missing('--layout <name>', "a shipped layout such as 'hybrid', or a YAML file");
  const file = valueOf('--layout', () => layoutFile(name));
  const shown = relative('', file).startsWith('..') ? file : relative('', file);
  const document = parseLayout(contentOf(file), shown);
  const unsized = document.disks.find((disk) => disk.size === undefined);
  const bytes = size === undefined ? undefined : valueOf('--size', () => imageSize.parse(size));
  if (unsized && bytes === undefined)
    missing('--size <size>', `the layout ${name} gives its disk ${unsized.name} none`);
  const { layout, findings } = planLayout(document, { imageSize: bytes ?? 0 });
  const told = findings.map(({ line, message, weight }) => ({ weight, text: `${shown}:${line ?? 1}: ${message}` }));
  const errors = told.filter(({ weight }) => weight === 'error');
  if (errors.length > 0) throw new UsageError(errors.map(({ text }) => text));
  for (const { text } of told) log.warn(text);
  return layout;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError([`--layout: can't read ${file}: ${reasonOf(error)}`]);
  }
}

/** @throws UsageError that names the option, where a value is wrong */
function valueOf<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError([`${option}: expected ${(error as Error).message}`]);
  }
}

function words({ kernelOptions }: DiskFlags): readonly string[] {
  return kernelOptions === undefined ? [] : split(kernelOptions);
}

/** https://reproducible-builds.org/specs/source-date-epoch/ */
function fromEnvironment(): { readonly epoch: number | undefined } {
  const text = process.env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === '') return { epoch: undefined };
  if (!/^\d{1,10}$/.test(text)) {
    throw new UsageError([`SOURCE_DATE_EPOCH = ${text}: expected seconds since 1970, in digits`]);
  }
  return { epoch: Number(text) };
}
