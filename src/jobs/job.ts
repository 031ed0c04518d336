import type { Overrides } from '../config/overrides.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import type { Configuration } from '../config/configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { splitName } from '../config/flavored-name.js';
import { secretsAsWritten } from '../config/secrets.js';
import type { KnownSecrets } from '../host/known-secrets.js';
import { secretsOfAnswerFile } from '../images/answer-file-source.js';
import { keptBuilds } from '../images/work-directories.js';

/**
 * What is to be built. It is made of names and plain options, so that a queue may hold it; never of a resolved section,
 * which holds secrets.
 */
export interface Job {
  readonly image: string;
  /** Options of the section for this run, by name, as text. */
  readonly overrides: Overrides;
  /** Whether an unfinished build is continued. */
  readonly resumes: boolean;
  /** Whether another build of the image is waited for. */
  readonly waits: boolean;
  /** Whether the destinations of the section count. */
  readonly uploads: boolean;
  /** Whether the parent of a derived image must be as its section says now. */
  readonly parents: 'fresh' | 'as they are';
  /** The command line that continues this build, for messages. */
  readonly resumeCommand: string;
}

/**
 * The section of a job, as it is to be built. Its secrets are known from the first problem on that is found in it.
 *
 * @throws UsageError with every problem of the section
 */
export async function resolveJob(job: Job, configuration: Configuration, secrets: KnownSecrets): Promise<ImageSpec> {
  const { image, overrides, resumes, uploads } = job;
  secrets.learn(secretsAsWritten(configuration.section(splitName(configuration, image).image)));
  const specOf = (date: string) => resolveImage(configuration, image, overrides, date);
  const today = specOf(isoDate(new Date()));
  // What was begun yesterday keeps its name.
  const begun = resumes ? (await keptBuilds(image, today.outputDir)).at(-1)?.date : undefined;
  const spec = begun === undefined ? today : specOf(begun);
  secrets.learn(spec.secrets);
  secrets.learn(await secretsOfAnswerFile(spec));
  return uploads ? spec : { ...spec, destinations: [] };
}
