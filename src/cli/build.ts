import type { Command } from 'commander';
import type { Configuration } from '../config/configuration.js';
import { loadConfiguration } from './configuration.js';
import { UsageError } from '../host/failure.js';
import { shellLine } from '../host/host.js';
import { silentLog } from '../host/log.js';
import { checkImage, checkPrograms } from '../checks/image-check.js';
import { makingOf } from '../images/wanted-packages.js';
import { finishedImage } from '../images/finished-nodes.js';
import { foreseenPackages } from '../images/foreseen-packages.js';
import { foreseenTree } from '../images/foreseen-tree.js';
import { planBuild } from '../images/plan.js';
import { buildRecipe } from '../images/recipes.js';
import { resolveJob, type Job } from '../jobs/job.js';
import { exitCodes } from '../jobs/outcome.js';
import { flavoredName, imagesMeant } from '../packages/request.js';
import { runJob } from '../jobs/run-job.js';
import { buildGraph, graphOf, imagesAskedFor, jobsOf, overridesFor } from './build-graph.js';
import { checkNames, namedImages } from './image-names.js';
import { oneAfterAnother, type Ended } from './one-after-another.js';
import { overridesFrom } from './overrides.js';
import type { BuildFlags } from './build-flags.js';
import { inSession, openSession } from './session.js';
import { untilSignalled } from './signals.js';

/** Builds images, one after another, or prints the commands that would run. */
export async function build(names: readonly string[], flags: BuildFlags, command: Command): Promise<void> {
  const configuration = loadConfiguration(flags.config);
  const group = imagesAskedFor(configuration, flags);
  const named = [...(group ?? []), ...(group && names.length === 0 ? [] : namedImages(names))];
  checkNames(configuration, named, command);
  const images = [
    ...new Set(named.flatMap((name) => imagesMeant(configuration, name, flags.flavor).map(flavoredName))),
  ];
  jobsOf(flags);
  const [first, ...others] = images as [string, ...string[]];
  if (flags.dryRun) return printCommands(configuration, images, flags);
  const graph = await graphOf(configuration, images, overridesFrom(flags), flags);
  if (graph !== undefined && (graph.length > 1 || others.length > 0)) {
    const names = graph.map(({ name }) => name);
    if (!(await areReady(configuration, names, images, flags))) return;
    process.exitCode = await untilSignalled((signal) =>
      buildGraph(graph, flags, signal, (image) => buildImage(configuration, image, images, flags, signal)),
    );
    return;
  }
  if (others.length === 0) {
    await untilSignalled(async (signal) => {
      process.exitCode = (await buildImage(configuration, first, images, flags, signal)).exitCode;
    });
    return;
  }
  if (!(await areReady(configuration, images, images, flags))) return;
  process.exitCode = await untilSignalled((signal) =>
    oneAfterAnother(images, flags, signal, (image) => buildImage(configuration, image, images, flags, signal)),
  );
}

/** Checks all images before the first one is built, so that a mistake in the last one is reported at once. */
async function areReady(
  configuration: Configuration,
  images: readonly string[],
  asked: readonly string[],
  flags: BuildFlags,
): Promise<boolean> {
  const { log, outcome } = await inSession(flags, async ({ secrets }) => {
    const problems: string[] = [];
    if (flags.logFilename !== undefined) {
      problems.push('--log-filename names one file, but each image needs its own log: leave the option out');
    }
    for (const image of images) {
      try {
        const spec = await resolveJob(jobOf(image, asked, flags), configuration, secrets);
        await checkImage(configuration, spec, silentLog);
        checkPrograms(await planBuild(spec, await makingOf(configuration, spec)), silentLog);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new UsageError([...new Set(problems)]);
  });
  log.close();
  process.exitCode = exitCodes[outcome];
  return outcome === 'done';
}

async function buildImage(
  configuration: Configuration,
  image: string,
  asked: readonly string[],
  flags: BuildFlags,
  signal: AbortSignal,
): Promise<Ended> {
  const session = openSession(flags, jobsOf(flags) > 1 ? image : undefined);
  const { outcome, file, isUpToDate } = await runJob(jobOf(image, asked, flags), { configuration, signal, ...session });
  return { exitCode: exitCodes[outcome], file, isUpToDate };
}

/** @param asked the images that the command line names; others are their parents */
function jobOf(image: string, asked: readonly string[], flags: BuildFlags): Job {
  const { resume = false, wait = false, upload } = flags;
  return {
    image,
    overrides: overridesFor(image, asked, overridesFrom(flags)),
    ...{ resumes: resume, waits: wait, uploads: upload },
    parents: flags.parents === false ? 'as they are' : 'fresh',
    resumeCommand: resumeCommand(image),
  };
}

/** The command line of this call, for one image and with `--resume`. */
function resumeCommand(image: string): string {
  const words = process.argv.slice(2).filter((word) => word !== '--resume');
  const named = words.includes(image) ? words : [...words, image];
  return shellLine({ file: 'image-factory', args: [...named, '--resume'] });
}

/** Every command that the builds would run, in order, quoted for a shell. */
async function printCommands(
  configuration: Configuration,
  images: readonly string[],
  flags: BuildFlags,
): Promise<void> {
  const { signal } = new AbortController();
  const { log, outcome } = await inSession(flags, async ({ log, secrets }) => {
    const lines: string[] = [];
    for (const image of images) {
      const spec = await resolveJob(jobOf(image, images, flags), configuration, secrets);
      await checkImage(configuration, spec, log);
      const plan = await planBuild(spec, await makingOf(configuration, spec));
      if (images.length > 1) lines.push(`# ${image}`);
      const finished = await finishedImage({ log, signal }, plan);
      if (finished !== undefined) {
        lines.push(`# ${finished} is up to date: nothing is done`);
        continue;
      }
      const { remarks, skipped } = await foreseenPackages({ log, signal }, plan);
      const steps = buildRecipe(plan).steps.filter(({ name }) => !skipped.includes(name));
      lines.push(
        ...[...remarks, ...(await foreseenTree({ log, signal }, plan))].map((remark) => `# ${remark}`),
        ...steps.flatMap(({ commands }) => commands.map(shellLine)),
      );
    }
    for (const line of lines) console.log(secrets.mask(line));
  });
  log.close();
  process.exitCode = exitCodes[outcome];
}
