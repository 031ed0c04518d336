import { readFileSync } from 'node:fs';
import type { Configuration } from '../config/configuration.js';
import { isImage, splitName } from '../config/flavored-name.js';
import { isDerived, type ImageSpec } from '../config/image-spec.js';
import { integer } from '../config/option-types.js';
import { overridesOfParents } from '../config/derive-origin.js';
import type { Overrides } from '../config/overrides.js';
import { parentNames } from '../config/parent-names.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { silentLog } from '../host/log.js';
import { imageGraph, runGraph, type GraphImage } from '../jobs/image-graph.js';
import type { ImageOutcome } from '../report/events.js';
import type { BuildFlags } from './build-flags.js';
import { complain } from './complaints.js';
import { explain } from './explain.js';
import { flavorsOrItself } from './image-names.js';
import { outcomeOf, tell, type Ended } from './one-after-another.js';

/** The images that --all and --children-of name. @throws UsageError if there are none */
export function imagesAskedFor(configuration: Configuration, flags: BuildFlags): string[] | undefined {
  const { all, childrenOf } = flags;
  if (!all && childrenOf === undefined) return undefined;
  if (all && childrenOf !== undefined) throw new UsageError(['--all and --children-of: give only one of them']);
  const names = configuration.imageNames();
  if (childrenOf === undefined) {
    const own = names.filter((name) => configuration.isOwn(name));
    if (own.length === 0) throw new UsageError(['--all: your configuration files have no image']);
    return own;
  }
  if (!isImage(configuration, childrenOf)) configuration.section(childrenOf);
  const flavors = names
    .filter((name) => configuration.isOwn(name))
    .flatMap((name) => flavorsOrItself(configuration, name, flags.flavor));
  const children = flavors.filter((name) =>
    parentNames(configuration, name).some(
      (parent) =>
        isImage(configuration, parent) && [parent, splitName(configuration, parent).image].includes(childrenOf),
    ),
  );
  if (children.length === 0) throw new UsageError([`--children-of ${childrenOf}: no image has it as a parent`]);
  return children;
}

/** How many images may be built at the same time. */
export function jobsOf({ jobs }: BuildFlags): number {
  if (jobs === undefined) return 1;
  try {
    return integer(1, 256).parse(jobs);
  } catch (error) {
    throw new UsageError([`--jobs ${jobs}: expected ${(error as Error).message}`]);
  }
}

/**
 * The images to build in their order, and which of them wait for others; undefined where none is derived and one is built
 * after another.
 */
export async function graphOf(
  configuration: Configuration,
  images: readonly string[],
  overrides: Overrides,
  flags: BuildFlags,
): Promise<readonly GraphImage[] | undefined> {
  const today = isoDate(new Date());
  const specs: ImageSpec[] = [];
  for (const image of images) {
    try {
      specs.push(resolveImage(configuration, image, overrides, today));
    } catch (error) {
      // What is wrong with it is told where the images are checked.
      if (error instanceof UsageError) return undefined;
      throw error;
    }
  }
  if (jobsOf(flags) === 1 && !specs.some(isDerived)) return undefined;
  const caller = { log: silentLog, signal: new AbortController().signal };
  return imageGraph(caller, specs, flags.parents === false ? 'never' : 'if stale');
}

/** The overrides of an image in a run: parents that nobody named get only those that say where things lie. */
export function overridesFor(image: string, asked: readonly string[], overrides: Overrides): Overrides {
  return asked.includes(image) ? overrides : overridesOfParents(overrides);
}

/** Builds the images of a graph, and prints a table of the results. @returns the worst exit code */
export async function buildGraph(
  images: readonly GraphImage[],
  flags: BuildFlags,
  signal: AbortSignal,
  build: (image: string) => Promise<Ended>,
): Promise<number> {
  const seconds = new Map<string, number>();
  let worst = 0;
  const outcomes = await runGraph<Ended>(images, {
    jobs: jobsOf(flags),
    memory: memoryAvailable(),
    isGood: ({ exitCode }) => exitCode === 0,
    isOver: () => signal.aborted || (flags.failFast === true && worst > 0),
    async build(name) {
      const begun = performance.now();
      const ended = await build(name).catch((error: unknown) => ({
        exitCode: explain(error, complain),
        file: undefined,
      }));
      seconds.set(name, (performance.now() - begun) / 1000);
      worst = Math.max(worst, ended.exitCode);
      return ended;
    },
  });
  tell(
    images.map(({ name }): ImageOutcome => {
      const outcome = outcomes.get(name);
      const common = { image: name, seconds: seconds.get(name) ?? 0, file: undefined };
      if (outcome?.kind === 'skipped') return { ...common, outcome: 'skipped', because: outcome.because };
      if (outcome?.kind !== 'ended') return { ...common, outcome: 'not begun' };
      return { ...common, outcome: outcomeOf(outcome.result), file: outcome.result.file };
    }),
    flags,
  );
  return worst;
}

/** Bytes that new processes may have without swapping: proc_meminfo(5). */
function memoryAvailable(): number {
  try {
    const [, kibibytes] = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
    return kibibytes === undefined ? Infinity : Number(kibibytes) * 1024;
  } catch {
    return Infinity;
  }
}
