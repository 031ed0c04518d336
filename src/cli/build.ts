import { join } from 'node:path';
import { Configuration } from '../config/configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { claimLock, waitForLock } from '../host/file-lock.js';
import { shellLine } from '../host/host.js';
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
import { overridesFrom } from './overrides.js';
import type { BuildFlags } from './build-flags.js';
import { untilSignalled } from './signals.js';
import { terminalReporter } from './terminal.js';

/** Builds an image, or prints the commands that would. */
export async function build(name: string | undefined, flags: BuildFlags): Promise<void> {
  const image = name ?? process.env.IMAGE;
  if (!image)
    throw new UsageError(["which image? Name one of 'image-factory list', or set the environment variable IMAGE"]);
  const configuration = Configuration.load(flags.config);
  const spec = await specFor(configuration, image, flags);
  const mask = maskOf(spec.secrets);
  const verbosity = flags.verbose ? 'verbose' : flags.quiet ? 'quiet' : 'normal';
  const terminal = masking(terminalReporter({ format: flags.logFormat, verbosity }), mask);
  await checkImage(configuration, spec, terminal);
  const plan = await planBuild(spec);
  if (flags.dryRun) {
    for (const line of dryRun(plan)) console.log(mask(line));
    return;
  }
  checkPrograms(plan);
  await reporting(spec, terminal, async (log) => {
    await untilSignalled(async (signal) => {
      await checkSigning({ log, signal }, spec);
      await runBuild({ log, signal, release: new ReleaseStack() }, plan, stages, {
        claim: flags.wait ? waitForLock : claimLock,
        open: flags.resume ? resumeBuild : beginBuild,
      });
    });
    log.info(`Successfully created ${plan.paths.image}`);
  });
}

async function specFor(configuration: Configuration, image: string, flags: BuildFlags): Promise<ImageSpec> {
  const specOf = (date: string) => resolveImage(configuration, image, overridesFrom(flags), date);
  const today = specOf(isoDate(new Date()));
  // What was begun yesterday keeps its name.
  const begun = flags.resume ? (await keptBuilds(image, today.outputDir)).at(-1)?.date : undefined;
  const spec = begun === undefined ? today : specOf(begun);
  return flags.upload ? spec : { ...spec, destinations: [] };
}

/** Every command that the build would run, in order, as lines that a shell reads back. */
function dryRun(plan: Plan): string[] {
  return stages.filter(({ neededFor }) => neededFor(plan.spec)).flatMap((stage) => stage.commands(plan).map(shellLine));
}

/** Tells terminal and log file what happens, and how it ended. */
async function reporting(spec: ImageSpec, terminal: Reporter, action: (log: Reporter) => Promise<void>): Promise<void> {
  const { logFile, logFilename, outputDir, baseName, secrets } = spec;
  const file = logFile
    ? masking(logFileReporter(logFilename ?? join(outputDir, `${baseName}.log`)), maskOf(secrets))
    : undefined;
  const log = allOf(file ? [terminal, file] : [terminal]);
  try {
    await action(log);
  } catch (error) {
    process.exitCode = explain(error, (message) => log.error(message));
  } finally {
    log.close();
  }
}
