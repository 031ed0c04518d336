import { Failure } from '../../host/failure.js';
import { command, run, type Command, type Caller } from '../../host/host.js';
import type { AnswerFileFinding } from './finding.js';

/** Reads nothing of this machine's own answers: they may be locked by a package that is being installed. */
const noDatabase = { DEBCONF_DB_REPLACE: 'Pipe{infd:none outfd:none}' };

export function preseedCommand(file: string): Command {
  return command('debconf-set-selections', ['--checkonly', file], { env: noDatabase });
}

/**
 * What debconf has against the form of a preseed file. Whether an installer asks such questions it does not know.
 *
 * @throws Failure if debconf-set-selections is not installed, or can't read the file
 */
export async function validatePreseed(host: Caller, file: string): Promise<AnswerFileFinding[]> {
  const { stderr, exitCode } = await run(host, preseedCommand(file), { accept: [0, 1] });
  const said = stderr.split('\n').filter((line) => line.trim() !== '' && !isFlagOfTheInstallersOwn(line));
  const findings = said.map(finding);
  const known = findings.filter((each) => each !== undefined);
  if (known.length < findings.length || (exitCode !== 0 && stderr.trim() === '')) {
    throw new Failure(`debconf-set-selections can't check ${file}: ${stderr.trim()}`);
  }
  return known;
}

/** `d-i partman/… seen false`: the installer has the question, this machine has not. */
function isFlagOfTheInstallersOwn(line: string): boolean {
  return line.startsWith('error: Cannot find a question for ');
}

/** Of the line itself nothing is repeated: a secret may stand where anything else is expected. */
function finding(line: string): AnswerFileFinding | undefined {
  const [, broken] = /^error: parse error on line (\d+): /.exec(line) ?? [];
  if (broken !== undefined) return { line: Number(broken), message: "expected 'OWNER QUESTION TYPE VALUE'" };
  const [, skipped] = /^warning: Unknown type .*, skipping line (\d+)$/.exec(line) ?? [];
  return skipped === undefined ? undefined : { line: Number(skipped), message: unknownType };
}

/** debconf-devel(7), "Type". */
const unknownType = 'expected a type of question: select, multiselect, boolean, string, note, password, text or title';
