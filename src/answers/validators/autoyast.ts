import { Failure } from '../../host/failure.js';
import { command, run, type Command, type Caller } from '../../host/host.js';
import type { AnswerFileFinding } from './finding.js';

/** @param schema `profile.rng` of yast2-schema; without one, only well-formed XML is asked for */
export function xmllintCommand(file: string, schema?: string): Command {
  return command('xmllint', ['--noout', '--nonet', ...(schema === undefined ? [] : ['--relaxng', schema]), file]);
}

/** `FILE:LINE: element NAME: Relax-NG validity error : MESSAGE`, or `FILE:LINE: parser error : MESSAGE`. */
const finding = /^.*?:(\d+): (?:element (\S+): )?(?:Relax-NG validity|parser|namespace) error : (.*)$/;

/**
 * What libxml2 has against an AutoYaST profile: as XML, and by YaST's schema where that is given.
 *
 * @throws Failure if xmllint is not installed, or can't read the file or the schema
 */
export async function validateAutoyast(host: Caller, file: string, schema?: string): Promise<AnswerFileFinding[]> {
  // xmllint(1), "Diagnostics": 1 is XML that is not well-formed, 3 and 4 are a file that the schema does not allow.
  const accept = [0, 1, 3, 4];
  const { stderr, exitCode } = await run(host, xmllintCommand(file, schema), { accept });
  const findings = stderr
    .split('\n')
    .map((line) => finding.exec(line))
    .filter((match) => match !== null)
    .map(([, line, element, message = '']) => ({
      line: Number(line),
      message: element === undefined ? message : `${element}: ${message}`,
    }));
  if (exitCode === 0 || findings.length > 0) return findings;
  throw new Failure(`xmllint can't check ${file}: ${stderr.trim()}`);
}
