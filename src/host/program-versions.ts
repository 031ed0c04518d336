import { Failure } from './failure.js';
import { command, run, type Caller } from './host.js';
import type { ProgramName } from './programs.js';

/** The arguments that print a program's version, if not `--version`; undefined for a program without any. */
const questions: { readonly [Name in ProgramName]?: readonly string[] | undefined } = {
  debugfs: ['-V'],
  e2fsck: ['-V'],
  zerofree: undefined,
  tune2fs: undefined,
  'ssh-keygen': undefined,
  sudo: undefined,
};

/** The version line of each program, without programs that print none. */
export async function programVersions(host: Caller, names: readonly ProgramName[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const name of [...names].sort()) {
    const question = name in questions ? questions[name] : ['--version'];
    const said = question && (await firstLine(host, name, question));
    if (said) versions[name] = said;
  }
  return versions;
}

async function firstLine(host: Caller, name: ProgramName, question: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(host, command(name, question));
    return `${stdout}\n${stderr}`
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    host.log.debug(`${name} does not print its version: ${error.message}`);
    return undefined;
  }
}
