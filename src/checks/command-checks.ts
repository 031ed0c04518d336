import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { bootTestWords } from '../config/option-types.js';
import { didYouMean } from '../config/suggestion.js';
import { findExecutable, mayExecute } from '../host/programs.js';
import { error, mayBeMade, placeOf, warning, type Check, type CheckFinding, type Subject } from './subject.js';

/** The user's commands: before the build, after each upload, after the build. */
export const hookCommands: Check = (subject) => {
  const { preBuildCommand, postBuildCommand, outputDir, destinations } = subject.spec;
  const here = process.cwd();
  return [
    ...commandFindings(subject, { option: 'pre-build-command', words: preBuildCommand, directory: here, first: true }),
    ...commandFindings(subject, { option: 'post-build-command', words: postBuildCommand, directory: outputDir }),
    ...destinations.flatMap(({ name, postUploadCommands }) =>
      postUploadCommands.flatMap((words, index) =>
        commandFindings(subject, {
          option: `post-upload-command${index === 0 ? '' : String(index)}`,
          section: name,
          words,
          directory: outputDir,
        }),
      ),
    ),
  ];
};

/** A misspelt word of boot-test would be a missing command, and an unknown `%x` would be passed on unchanged. */
export const bootTestCommand: Check = (subject) => {
  const { bootTest } = subject.spec;
  if (bootTest.kind !== 'command') return [];
  const [file = ''] = bootTest.words;
  const place = placeOf(subject, 'boot-test');
  const findings: CheckFinding[] = [];
  if (file.includes('/')) {
    const words = bootTest.words;
    findings.push(...commandFindings(subject, { option: 'boot-test', words, directory: process.cwd() }));
  } else if (findExecutable(file) === undefined) {
    const words = bootTestWords.map((word) => `'${word}'`).join(', ');
    findings.push(
      error(`${place}: expected one of ${words}, or an installed command${didYouMean(file, bootTestWords)}`),
    );
  }
  const tokens = bootTest.words.flatMap((word) => [...word.matchAll(/%(.?)/g)].map(([token]) => token));
  const unknown = tokens.find((token) => !['%h', '%p', '%%'].includes(token));
  if (unknown !== undefined) {
    findings.push(error(`${place}: unknown '${unknown}'; use %h (host), %p (port) or %% (a percent sign)`));
  }
  return findings;
};

interface UserCommand {
  readonly option: string;
  readonly section?: string;
  readonly words: readonly string[] | undefined;
  /** The directory it runs in: a relative name with a slash is looked up there. */
  readonly directory: string;
  /** Whether it runs before anything else, so that no other command can create it. */
  readonly first?: boolean;
}

function commandFindings(subject: Subject, called: UserCommand): CheckFinding[] {
  const { option, section, words, directory, first } = called;
  if (words === undefined) return [];
  const [file] = words;
  const problem = file === undefined || file === '' ? 'names no command' : executableProblem(file, directory);
  if (problem === undefined) return [];
  const isPath = file?.includes('/') ?? false;
  const message = `${placeOf(subject, option, section)}: ${problem}`;
  const isMissing = isPath && !existsSync(resolve(directory, file ?? ''));
  return [
    isMissing && !first && mayBeMade(subject)
      ? warning(`${message}, unless pre-build-command makes it`)
      : error(message),
  ];
}

function executableProblem(file: string, directory: string): string | undefined {
  if (!file.includes('/')) {
    return findExecutable(file) === undefined ? `the command '${file}' is not installed: it is in no directory of PATH` : undefined; // prettier-ignore
  }
  const path = resolve(directory, file);
  const shown = isAbsolute(file) ? path : `${path} (it runs in ${directory})`;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return `there is no file ${shown}`;
  if (!found.isFile())
    return `${shown} is ${found.isDirectory() ? 'a directory' : 'not a regular file'}, so it can't be run`;
  if (!mayExecute(path)) return `this user may not execute ${shown}: chmod +x ${path}`;
  const interpreter = interpreterOf(path);
  if (interpreter === undefined || mayExecute(interpreter)) return undefined;
  const hint = interpreter.endsWith('\r') ? ': the file has Windows line endings' : '';
  return `${shown} begins with #!${interpreter.trim()}, which can't be executed${hint}`;
}

/** What `#!` names, as execve(2) reads it: up to the first blank. */
function interpreterOf(path: string): string | undefined {
  const bytes = Buffer.alloc(256);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    // A program may be executable without being readable.
    return undefined;
  }
  try {
    const length = readSync(descriptor, bytes);
    const [, interpreter] = /^#![ \t]*([^ \t\n]+)/.exec(bytes.toString('latin1', 0, length)) ?? [];
    return interpreter;
  } finally {
    closeSync(descriptor);
  }
}
