import { Failure } from './failure.js';
import { command, run, type Caller } from './host.js';
import type { ProgramName } from './programs.js';
import { Turns } from './turns.js';

/** The arguments that print a program's version, if not `--version`; undefined for a program without any. */
const questions: { readonly [Name in ProgramName]?: readonly string[] | undefined } = {
  debugfs: ['-V'],
  e2fsck: ['-V'],
  mke2fs: ['-V'],
  zerofree: undefined,
  tune2fs: undefined,
  'ssh-keygen': undefined,
  sudo: undefined,
};

/** Programs asked at the same time. */
const atOnce = 4;

/** The version line of each program, without programs that print none. */
export async function programVersions(host: Caller, names: readonly ProgramName[]): Promise<Record<string, string>> {
  const turns = new Turns(atOnce);
  const said = await Promise.all(
    [...names].sort().map((name) =>
      turns.take(async () => {
        const question = name in questions ? questions[name] : ['--version'];
        return [name, question && (await firstLine(host, name, question))] as const;
      }),
    ),
  );
  return Object.fromEntries(said.filter((each): each is readonly [ProgramName, string] => !!each[1]));
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
