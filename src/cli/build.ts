import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Configuration } from '../config/configuration.js';
import { loadConfiguration } from './configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { secretsAsWritten } from '../config/secrets.js';
import { UsageError } from '../host/failure.js';
import { claimLock, waitForLock } from '../host/file-lock.js';
import { shellLine } from '../host/host.js';
import type { KnownSecrets } from '../host/known-secrets.js';
import { silentLog } from '../host/log.js';
import { programVersion } from '../host/program-directory.js';
import { ReleaseStack } from '../host/release-stack.js';
import { secretsOfAnswerFile } from '../images/answer-file-source.js';
import { published } from '../artifacts/published.js';
import { wantedArtifacts, type Plan } from '../images/build.js';
import { checkImage, checkPrograms, checkSigning } from '../checks/image-check.js';
import { planBuild } from '../images/plan.js';
import { buildRecipe } from '../images/recipes.js';
import { runBuild } from '../images/run-build.js';
import { keptBuilds } from '../images/work-directories.js';
import type { EventReader } from '../report/event-stream.js';
import { eventFormat, type BuildStarted } from '../report/events.js';
import { eventsFile, logFile } from '../report/log-file.js';
import { checkNames, namedImages } from './image-names.js';
import { oneAfterAnother, type Ended } from './one-after-another.js';
import { overridesFrom } from './overrides.js';
import type { BuildFlags } from './build-flags.js';
import { inSession, type Session } from './session.js';
import { untilSignalled } from './signals.js';

/** Builds images, one after another, or prints the commands that would. */
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

/** What would be wrong in an hour with the last image is told before the first one is built. */
async function areReady(configuration: Configuration, images: readonly string[], flags: BuildFlags): Promise<boolean> {
  const { log, end } = await inSession(flags, async ({ secrets }) => {
    const problems: string[] = [];
    if (flags.logFilename !== undefined) {
      problems.push('--log-filename names one file, and each image has a log of its own: leave it out');
    }
    for (const image of images) {
      try {
        const spec = await specFor(configuration, image, flags, secrets);
        await checkImage(configuration, spec, silentLog);
        checkPrograms(await planBuild(spec));
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new UsageError([...new Set(problems)]);
  });
  log.close();
  process.exitCode = end.exitCode;
  return end.outcome === 'done';
}

async function buildImage(
  configuration: Configuration,
  image: string,
  flags: BuildFlags,
  signal: AbortSignal,
): Promise<Ended> {
  const begun = performance.now();
  let plan: Plan | undefined;
  const { log, end } = await inSession(flags, async (session) => {
    const spec = await specFor(configuration, image, flags, session.secrets);
    session.log.tell(buildStarted(spec, flags));
    await checkImage(configuration, spec, session.log);
    plan = await planBuild(spec);
    checkPrograms(plan);
    session.begin();
    await run(plan, flags, session, signal);
  });
  log.tell({ event: 'build-finished', ...end, seconds: Math.round(performance.now() - begun) / 1000 });
  log.close();
  const file = end.outcome === 'done' ? plan?.paths.image : plan && log.isComplete ? logFileOf(plan.spec) : undefined;
  return { exitCode: end.exitCode, file };
}

function buildStarted({ name, baseName, outputDir }: ImageSpec, { resume = false }: BuildFlags): BuildStarted {
  const program = programVersion();
  return { event: 'build-started', version: eventFormat, program, image: name, name: baseName, outputDir, resume };
}

async function run(plan: Plan, flags: BuildFlags, { log, secrets }: Session, signal: AbortSignal): Promise<void> {
  await checkSigning({ log, signal }, plan.spec);
  await runBuild({ log, secrets, signal, release: new ReleaseStack() }, plan, {
    // Until the image is claimed, its files may be those of a build that runs.
    claim: async (...image) => {
      const giveBack = await (flags.wait ? waitForLock : claimLock)(...image);
      log.complete(filesOf(plan));
      return giveBack;
    },
    from: flags.resume ? 'last completed stage' : 'beginning',
    resumeCommand: resumeCommand(plan.spec.name),
  });
  for (const path of published(plan.paths, wantedArtifacts(plan.spec)))
    log.tell({ event: 'artifact', path, bytes: statSync(path).size });
  log.info(`Successfully created ${plan.paths.image}`);
}

/** The log, where the section asks for one, and the events. */
function filesOf({ spec, paths }: Plan): EventReader[] {
  const name = logFileOf(spec);
  return [...(name === undefined ? [] : [logFile(name)]), eventsFile(paths.events)];
}

function logFileOf({ logFile, logFilename, outputDir, baseName }: ImageSpec): string | undefined {
  return logFile ? (logFilename ?? join(outputDir, `${baseName}.log`)) : undefined;
}

/** The section as it is to be built; its secrets are known from the first mistake on that is told of it. */
async function specFor(
  configuration: Configuration,
  image: string,
  flags: BuildFlags,
  secrets: KnownSecrets,
): Promise<ImageSpec> {
  secrets.learn(secretsAsWritten(configuration.section(image)));
  const specOf = (date: string) => resolveImage(configuration, image, overridesFrom(flags), date);
  const today = specOf(isoDate(new Date()));
  // What was begun yesterday keeps its name.
  const begun = flags.resume ? (await keptBuilds(image, today.outputDir)).at(-1)?.date : undefined;
  const spec = begun === undefined ? today : specOf(begun);
  secrets.learn(spec.secrets);
  secrets.learn(await secretsOfAnswerFile(spec));
  return flags.upload ? spec : { ...spec, destinations: [] };
}

/** This call, with what makes it continue the build of one image. */
function resumeCommand(image: string): string {
  const words = process.argv.slice(2).filter((word) => word !== '--resume');
  const named = words.includes(image) ? words : [...words, image];
  return shellLine({ file: 'image-factory', args: [...named, '--resume'] });
}

/** Every command that the builds would run, in order, as lines that a shell reads back. */
async function printCommands(
  configuration: Configuration,
  images: readonly string[],
  flags: BuildFlags,
): Promise<void> {
  const { log, end } = await inSession(flags, async ({ log, secrets }) => {
    const lines: string[] = [];
    for (const image of images) {
      const spec = await specFor(configuration, image, flags, secrets);
      await checkImage(configuration, spec, log);
      const plan = await planBuild(spec);
      const commands = buildRecipe(plan).steps.flatMap((step) => step.commands);
      lines.push(...(images.length > 1 ? [`# ${image}`] : []), ...commands.map(shellLine));
    }
    for (const line of lines) console.log(secrets.mask(line));
  });
  log.close();
  process.exitCode = end.exitCode;
}
