import { statSync } from 'node:fs';
import { join } from 'node:path';
import { published } from '../artifacts/published.js';
import { checkImage, checkPrograms, checkSigning } from '../checks/image-check.js';
import type { Configuration } from '../config/configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { claimLock, waitForLock } from '../host/file-lock.js';
import type { KnownSecrets } from '../host/known-secrets.js';
import { programVersion } from '../host/program-directory.js';
import { ReleaseStack } from '../host/release-stack.js';
import { wantedArtifacts, type Plan } from '../images/build.js';
import { finishedImage } from '../images/finished-nodes.js';
import { makingOf } from '../images/wanted-packages.js';
import { planBuild } from '../images/plan.js';
import { runBuild } from '../images/run-build.js';
import type { EventReader, EventStream } from '../report/event-stream.js';
import { eventFormat } from '../report/events.js';
import { eventsFile, logFile } from '../report/log-file.js';
import { resolveJob, type Job } from './job.js';
import { endingOf, exitCodes, type Outcome } from './outcome.js';

/** What a job needs of its caller: a terminal's command, or a worker. */
export interface JobContext {
  readonly configuration: Configuration;
  /** Takes the events of the build; closed when the job ends. */
  readonly log: EventStream;
  readonly secrets: KnownSecrets;
  /** Ends the build; its reason is an Interrupted. */
  readonly signal: AbortSignal;
  /** Takes what is wrong before the build begins; from then on the log does. */
  complain(message: string): void;
}

export interface JobResult {
  readonly outcome: Outcome;
  /** The image, or the log file that says why there is none. */
  readonly file: string | undefined;
  readonly seconds: number;
  /** Nothing had changed, so nothing was done. */
  readonly isUpToDate: boolean;
}

/** Runs a job to its end. Whatever goes wrong is told, and is in the result. */
export async function runJob(job: Job, context: JobContext): Promise<JobResult> {
  const { configuration, log, secrets } = context;
  const begun = performance.now();
  const caller = { log, signal: context.signal };
  let plan: Plan | undefined;
  let outcome: Outcome = 'done';
  let finished: string | undefined;
  let error: string | undefined;
  let say = (message: string) => context.complain(message);
  try {
    const spec = await resolveJob(job, configuration, secrets);
    tellStart(spec, job, log);
    await checkImage(configuration, spec, log);
    plan = await planBuild(spec, { parents: job.parents, ...(await makingOf(configuration, spec)) });
    checkPrograms(plan, log);
    say = (message) => log.error(message);
    finished = job.resumes ? undefined : await finishedImage(caller, plan);
    if (finished !== undefined) log.info(`Nothing has changed: ${finished} is up to date`);
    else await build(plan, job, context);
  } catch (thrown) {
    const ending = endingOf(thrown);
    outcome = ending.outcome;
    error = ending.messages.join('\n');
    ending.messages.forEach(say);
  }
  const seconds = Math.round(performance.now() - begun) / 1000;
  const exitCode = exitCodes[outcome];
  log.tell({ event: 'build-finished', outcome, exitCode, ...(error === undefined ? {} : { error }), seconds });
  log.close();
  const told = plan && log.isComplete ? logFileOf(plan.spec) : undefined;
  return {
    outcome,
    file: outcome === 'done' ? (finished ?? plan?.paths.image) : told,
    seconds,
    isUpToDate: finished !== undefined,
  };
}

function tellStart({ name, baseName, outputDir }: ImageSpec, { resumes }: Job, log: EventStream): void {
  const program = programVersion();
  const started = { event: 'build-started', version: eventFormat, program } as const;
  log.tell({ ...started, image: name, name: baseName, outputDir, resume: resumes });
}

async function build(plan: Plan, job: Job, { log, secrets, signal }: JobContext): Promise<void> {
  await checkSigning({ log, signal }, plan.spec);
  await runBuild({ log, secrets, signal, release: new ReleaseStack() }, plan, {
    // Until the image is claimed, its files may be those of a build that runs.
    claim: async (...image) => {
      const giveBack = await (job.waits ? waitForLock : claimLock)(...image);
      log.complete(recordsOf(plan));
      return giveBack;
    },
    from: job.resumes ? 'last completed stage' : 'beginning',
    resumeCommand: job.resumeCommand,
  });
  for (const path of published(plan.paths, wantedArtifacts(plan.spec))) {
    log.tell({ event: 'artifact', path, bytes: statSync(path).size });
  }
  log.info(`Successfully created ${plan.paths.image}`);
}

/** The log, where the section asks for one, and the events. */
function recordsOf({ spec, paths }: Plan): EventReader[] {
  const name = logFileOf(spec);
  return [...(name === undefined ? [] : [logFile(name)]), eventsFile(paths.events)];
}

function logFileOf({ logFile, logFilename, outputDir, baseName }: ImageSpec): string | undefined {
  return logFile ? (logFilename ?? join(outputDir, `${baseName}.log`)) : undefined;
}
