import { Failure } from '../../host/failure.js';
import { command, run, type Command, type Host } from '../../host/host.js';
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
export async function validateKickstart(
  host: Pick<Host, 'log' | 'signal'>,
  file: string,
  version: string,
): Promise<AnswerFileFinding[]> {
  // Its exit code is the number of errors, which the system takes modulo 256.
  const everyCode = Array.from({ length: 256 }, (_, code) => code);
  const { stdout, stderr, exitCode } = await run(host, ksvalidatorCommand(file, version), { accept: everyCode });
  const said = `${stdout}\n${stderr}`;
  if (said.includes(`The version ${version} is not supported`)) {
    throw new Failure(`ksvalidator does not know the version ${version} of Kickstart's syntax`, {
      hint: "'ksvalidator --listversions' tells those it knows; a newer pykickstart may know more.",
    });
  }
  const found = findings(said);
  if (found.length > 0 || exitCode === 0) return found;
  return [{ line: undefined, message: `ksvalidator failed with exit code ${exitCode}` }];
}

/** Where a finding begins that names a line. */
const numbered = /^The following problem occurred on line (\d+) of the kickstart file:|^Ignoring deprecated \w+ on line (\d+): */;

/** What is printed besides findings. */
const noise = /^(Checking kickstart file .*|.*warnings\.warn\(.*|File uses a deprecated option or command\.)?$/;

function findings(said: string): AnswerFileFinding[] {
  const found: { line: number | undefined; message: string }[] = [];
  let open = false;
  for (const text of said.split('\n').map((line) => line.trim())) {
    const start = numbered.exec(text);
    if (start) {
      found.push({ line: Number(start[1] ?? start[2]), message: text.slice(start[0].length) });
      open = true;
      continue;
    }
    const last = found.at(-1);
    // Of what is wrong on a line, the explanation stands behind an empty line.
    if (open && last?.message === '') last.message = text;
    else if (!noise.test(text)) found.push({ line: undefined, message: text });
    if (last?.message !== '') open = false;
  }
  return found;
}
