import { join } from 'node:path';
import type { Command } from 'commander';
import { Configuration } from '../config/configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { claimLock, waitForLock } from '../host/file-lock.js';
import { shellLine } from '../host/host.js';
import { silentLog, type Log } from '../host/log.js';
import { maskOf } from '../host/mask.js';
import { ReleaseStack } from '../host/release-stack.js';
import type { Plan } from '../images/build.js';
import { checkImage, checkPrograms, checkSigning } from '../checks/image-check.js';
import { planBuild } from '../images/plan.js';
import { beginBuild, resumeBuild, runBuild } from '../engine/run.js';
import { stages } from '../images/recipes.js';
import { keptBuilds } from '../engine/workspace.js';
import { logFileReporter } from '../report/log-file.js';
import { masking } from '../report/masking-reporter.js';
import { allOf, type Reporter } from '../report/reporter.js';
import { explain } from './explain.js';
import { checkNames, namedImages } from './image-names.js';
import { oneAfterAnother, type Ended } from './one-after-another.js';
import { overridesFrom } from './overrides.js';
import type { BuildFlags } from './build-flags.js';
import { untilSignalled } from './signals.js';
import { terminalReporter, verbosityOf } from './terminal.js';

/** Builds images, one after another, or prints the commands that would. */
export async function build(names: readonly string[], flags: BuildFlags, command: Command): Promise<void> {
  const images = namedImages(names);
  const configuration = Configuration.load(flags.config);
  checkNames(configuration, images, command);
  const [first, ...others] = images as [string, ...string[]];
  if (flags.dryRun) return printCommands(configuration, images, flags);
  if (others.length === 0) {
    await untilSignalled(async (signal) => {
      process.exitCode = (await buildImage(configuration, first, flags, signal)).exitCode;
    });
    return;
  }
  await checkAll(configuration, images, flags);
  process.exitCode = await untilSignalled((signal) =>
    oneAfterAnother(images, flags, signal, (image) => buildImage(configuration, image, flags, signal)),
  );
}

/** What would be wrong in an hour with the last image is told before the first one is built. */
async function checkAll(configuration: Configuration, images: readonly string[], flags: BuildFlags): Promise<void> {
  const problems: string[] = [];
  if (flags.logFilename !== undefined) {
    problems.push('--log-filename names one file, and each image has a log of its own: leave it out');
  }
  for (const image of images) {
    try {
      checkPrograms(await planned(configuration, image, flags, silentLog));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new UsageError([...new Set(problems)]);
}

async function planned(configuration: Configuration, image: string, flags: BuildFlags, log: Log): Promise<Plan> {
  const spec = await specFor(configuration, image, flags);
  await checkImage(configuration, spec, log);
  return planBuild(spec);
}

async function buildImage(
  configuration: Configuration,
  image: string,
  flags: BuildFlags,
  signal: AbortSignal,
): Promise<Ended> {
  const spec = await specFor(configuration, image, flags);
  const terminal = terminalOf(spec, flags);
  await checkImage(configuration, spec, terminal);
  const plan = await planBuild(spec);
  checkPrograms(plan);
  const exitCode = await reporting(spec, terminal, async (log) => {
    await checkSigning({ log, signal }, spec);
    await runBuild({ log, signal, release: new ReleaseStack() }, plan, stages, {
      claim: flags.wait ? waitForLock : claimLock,
      open: flags.resume ? resumeBuild : beginBuild,
    });
    log.info(`Successfully created ${plan.paths.image}`);
  });
  return { exitCode, file: exitCode === 0 ? plan.paths.image : logFileOf(spec) };
}

function terminalOf(spec: ImageSpec, flags: BuildFlags): Reporter {
  return masking(terminalReporter({ format: flags.logFormat, verbosity: verbosityOf(flags) }), maskOf(spec.secrets));
}

async function specFor(configuration: Configuration, image: string, flags: BuildFlags): Promise<ImageSpec> {
  const specOf = (date: string) => resolveImage(configuration, image, overridesFrom(flags), date);
  const today = specOf(isoDate(new Date()));
  // What was begun yesterday keeps its name.
  const begun = flags.resume ? (await keptBuilds(image, today.outputDir)).at(-1)?.date : undefined;
  const spec = begun === undefined ? today : specOf(begun);
  return flags.upload ? spec : { ...spec, destinations: [] };
}

/** Every command that the builds would run, in order, as lines that a shell reads back. */
async function printCommands(
  configuration: Configuration,
  images: readonly string[],
  flags: BuildFlags,
): Promise<void> {
  const lines: string[] = [];
  for (const image of images) {
    const spec = await specFor(configuration, image, flags);
    const terminal = terminalOf(spec, flags);
    await checkImage(configuration, spec, terminal);
    const plan = await planBuild(spec);
    const mask = maskOf(spec.secrets);
    const commands = stages.filter(({ neededFor }) => neededFor(spec)).flatMap((stage) => stage.commands(plan));
    lines.push(...(images.length > 1 ? [`# ${image}`] : []), ...commands.map((called) => mask(shellLine(called))));
  }
  for (const line of lines) console.log(line);
}

/** Tells terminal and log file what happens, and how it ended; returns the exit code. */
async function reporting(
  spec: ImageSpec,
  terminal: Reporter,
  action: (log: Reporter) => Promise<void>,
): Promise<number> {
  const name = logFileOf(spec);
  const file = name === undefined ? undefined : masking(logFileReporter(name), maskOf(spec.secrets));
  const log = allOf(file ? [terminal, file] : [terminal]);
  try {
    await action(log);
    return 0;
  } catch (error) {
    return explain(error, (message) => log.error(message));
  } finally {
    log.close();
  }
}

function logFileOf({ logFile, logFilename, outputDir, baseName }: ImageSpec): string | undefined {
  return logFile ? (logFilename ?? join(outputDir, `${baseName}.log`)) : undefined;
}
