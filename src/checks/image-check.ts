import type { Configuration } from '../config/configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { bootTestWords } from '../config/option-types.js';
import { didYouMean } from '../config/suggestion.js';
import { unknownOverrides } from '../config/overrides.js';
import { unknownOptions } from '../config/unknown-options.js';
import { Failure, UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import type { Log } from '../host/log.js';
import { findExecutable, findProgram, programs } from '../host/programs.js';
import { renderAnswerFile, type AnswerFileSource } from '../answers/answer-file.js';
import { opaqueStorage } from '../answers/opaque-storage.js';
import { netbootSources } from '../sources/netboot-source.js';
import { checkVerification } from '../sources/vouching.js';
import { sign } from '../publish/signature.js';
import { checkDestination } from '../publish/upload.js';
import { answerFileSource } from '../images/answer-file-source.js';
import type { Plan } from '../images/build.js';
import { programsOf } from '../engine/recipe.js';
import { buildRecipe } from '../images/recipes.js';

/**
 * Finds what would stop a build, as far as it shows before anything is done; warns of options that nothing reads.
 *
 * @throws UsageError with every problem of the configuration and the answer file at once
 */
export async function checkImage(configuration: Configuration, spec: ImageSpec, log: Log): Promise<void> {
  const problems: string[] = [];
  const noting = async <T>(action: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const sources = netbootSources(spec);
  await noting(() => checkVerification(sources, spec));
  const names = sources.map(({ from }) => from.name);
  if (new Set(names).size < names.length) {
    problems.push(
      `[${spec.name}] linux and initrd are both called '${names[0]}': the netboot cache keeps them in one directory`,
    );
  }
  problems.push(...bootTestProblems(spec));
  for (const destination of spec.destinations) await noting(() => checkDestination(destination));
  const answerFile = await noting(() => renderAnswerFile(answerFileSource(spec)));
  // Without the template it can't be told which options are its variables.
  if (answerFile) {
    unknownOptions(
      configuration,
      spec.name,
      answerFile.mentioned,
      spec.destinations.map(({ name }) => name),
    ).forEach((warning) => log.warn(warning));
    problems.push(...unknownOverrides(configuration, spec.name, spec.overridden, answerFile.mentioned));
    problems.push(...(await storageProblems(answerFileSource(spec), answerFile.content.toString())));
  }
  if (problems.length > 0) throw new UsageError(problems);
}

/** What the stage `clean` would refuse after an installation of an hour. */
async function storageProblems({ kind, path }: AnswerFileSource, text: string): Promise<string[]> {
  return (await opaqueStorage(kind, text)).map(
    ({ line, setting, storage, instead }) =>
      `${kind} = ${path}: ${line === undefined ? '' : `line ${line}: `}${setting} puts the system on ${storage}, and image-factory can't look into that to clean it; use ${instead}`,
  );
}

/** A word that was spelt wrong is a command that nobody has: better said now than after the installation. */
function bootTestProblems({ name, bootTest }: ImageSpec): string[] {
  if (bootTest.kind !== 'command') return [];
  const [file = ''] = bootTest.words;
  // A file with a path may be made by the pre-build command.
  if (file.includes('/') || findExecutable(file) !== undefined) return [];
  const words = bootTestWords.map((word) => `'${word}'`).join(', ');
  return [
    `[${name}] boot-test = ${file}: neither one of ${words}, nor a command that is installed${didYouMean(file, bootTestWords)}`,
  ];
}

/** @throws Failure naming every program that the build will call and that is not installed, and its package */
export function checkPrograms(plan: Plan): void {
  const missing = programsOf(buildRecipe(plan)).filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return;
  throw new Failure(`not installed: ${missing.join(', ')}`, {
    hint: `Install ${[...new Set(missing.map((program) => programs[program].package))].join(' ')}; 'image-factory doctor' tells all that is missing.`,
  });
}

/**
 * Signs a word with the key of the section, so that a build of an hour does not end for want of it.
 *
 * @throws Failure where there is no such key, or it can't sign now
 */
export async function checkSigning(host: Caller, { signing }: ImageSpec): Promise<void> {
  if (signing !== undefined) await sign(host, signing, 'image-factory asks whether this key can sign\n');
}
