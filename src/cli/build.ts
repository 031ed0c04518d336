import type { Command } from 'commander';
import type { Configuration } from '../config/configuration.js';
import { loadConfiguration } from './configuration.js';
import { UsageError } from '../host/failure.js';
import { shellLine } from '../host/host.js';
import { silentLog } from '../host/log.js';
import { checkImage, checkPrograms } from '../checks/image-check.js';
import { planBuild } from '../images/plan.js';
import { buildRecipe } from '../images/recipes.js';
import { resolveJob, type Job } from '../jobs/job.js';
import { exitCodes } from '../jobs/outcome.js';
import { runJob } from '../jobs/run-job.js';
import { checkNames, namedImages } from './image-names.js';
import { oneAfterAnother, type Ended } from './one-after-another.js';
import { overridesFrom } from './overrides.js';
import type { BuildFlags } from './build-flags.js';
import { inSession, openSession } from './session.js';
import { untilSignalled } from './signals.js';

/** Builds images, one after another, or prints the commands that would run. */
export async function build(names: readonly string[], flags: BuildFlags, command: Command): Promise<void> {
  const images = namedImages(names);
  const configuration = loadConfiguration(flags.config);
  checkNames(configuration, images, command);
  const [first, ...others] = images as [string, ...string[]];
  if (flags.dryRun) return printCommands(configuration, images, flags);
  if (others.length === 0) {
    await untilSignalled(async (signal) => {
      process.exitCode = (await buildImage(configuration, first, flags, signal)).exitCode;
    });
    return;
  }
  if (!(await areReady(configuration, images, flags))) return;
  process.exitCode = await untilSignalled((signal) =>
    oneAfterAnother(images, flags, signal, (image) => buildImage(configuration, image, flags, signal)),
  );
}

/** Checks all images before the first one is built, so that a mistake in the last one is reported at once. */
async function areReady(configuration: Configuration, images: readonly string[], flags: BuildFlags): Promise<boolean> {
  const { log, outcome } = await inSession(flags, async ({ secrets }) => {
    const problems: string[] = [];
    if (flags.logFilename !== undefined) {
      problems.push('--log-filename names one file, but each image needs its own log: leave the option out');
    }
    for (const image of images) {
      try {
        const spec = await resolveJob(jobOf(image, flags), configuration, secrets);
        await checkImage(configuration, spec, silentLog);
        checkPrograms(await planBuild(spec), silentLog);
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
  flags: BuildFlags,
  signal: AbortSignal,
): Promise<Ended> {
  const { outcome, file } = await runJob(jobOf(image, flags), { configuration, signal, ...openSession(flags) });
  return { exitCode: exitCodes[outcome], file };
}

function jobOf(image: string, flags: BuildFlags): Job {
  const { resume = false, wait = false, upload } = flags;
  return {
    image,
    overrides: overridesFrom(flags),
    ...{ resumes: resume, waits: wait, uploads: upload },
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
  const { log, outcome } = await inSession(flags, async ({ log, secrets }) => {
    const lines: string[] = [];
    for (const image of images) {
      const spec = await resolveJob(jobOf(image, flags), configuration, secrets);
      await checkImage(configuration, spec, log);
      const plan = await planBuild(spec);
      const commands = buildRecipe(plan).steps.flatMap((step) => step.commands);
      lines.push(...(images.length > 1 ? [`# ${image}`] : []), ...commands.map(shellLine));
    }
    for (const line of lines) console.log(secrets.mask(line));
  });
  log.close();
  process.exitCode = exitCodes[outcome];
}
