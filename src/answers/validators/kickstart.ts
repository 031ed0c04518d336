import { Failure } from '../../host/failure.js';
import { command, run, type Command, type Caller } from '../../host/host.js';
import type { AnswerFileFinding } from './finding.js';

export function ksvalidatorCommand(file: string, version: string): Command {
  return command('ksvalidator', ['--version', version, file]);
}

/**
 * The version of the syntax that a Kickstart file says it is written in, by the line that pykickstart's
 * `versionFromFile` looks for: `#version=RHEL9`.
 */
export function kickstartVersion(text: string): string | undefined {
  return /^#\s*version=(\S+)/m.exec(text)?.[1];
}

/**
 * What pykickstart's ksvalidator has against a file.
 *
 * @param version as `ksvalidator --listversions` has them: `RHEL9`, `F44`
 * @throws Failure if ksvalidator is not installed, or does not know the version
 */
export async function validateKickstart(host: Caller, file: string, version: string): Promise<AnswerFileFinding[]> {
  // Its exit code is the number of errors, which the system takes modulo 256.
  const everyCode = Array.from({ length: 256 }, (_, code) => code);
  const { stdout, stderr, exitCode } = await run(host, ksvalidatorCommand(file, version), { accept: everyCode });
  if (stdout.includes(`The version ${version} is not supported`)) {
    throw new Failure(`ksvalidator does not know the version ${version} of Kickstart's syntax`, {
      hint: "'ksvalidator --listversions' lists those it knows; a newer pykickstart may know more.",
    });
  }
  const found = [...findings(stdout), ...findings(stderr)];
  if (found.length > 0 || exitCode === 0) return found;
  return [{ line: undefined, message: `ksvalidator failed with exit code ${exitCode}` }];
}

/** How a finding begins that names a line; what it is follows, up to the next one. */
const heading = /^(?:The following problem occurred|Ignoring deprecated \w+) on line (\d+)(?: of the kickstart file)?:/;

/** What is printed besides findings. */
const noise = /^Checking kickstart file .*$/gm;

function findings(said: string): AnswerFileFinding[] {
  return said
    .replace(noise, '')
    .split(/^(?=(?:The following problem occurred|Ignoring deprecated \w+) on line \d)/m)
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const [start = '', line] = heading.exec(text) ?? [];
      const message = text.slice(start.length).trim().replaceAll(/\s+/g, ' ');
      return { line: line === undefined ? undefined : Number(line), message };
    });
}
