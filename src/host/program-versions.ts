import { run, type Caller, type Command } from './host.js';
import { findProgram, programPath, type ProgramName } from './programs.js';

/** The argument that prints a program's version, if not `--version`; undefined for a program without any. */
const questions: { readonly [Name in ProgramName]?: string | undefined } = {
  debugfs: '-V',
  e2fsck: '-V',
  mke2fs: '-V',
  zerofree: undefined,
  tune2fs: undefined,
  'ssh-keygen': undefined,
  sudo: undefined,
};

/** What programs have told, by their files: they stay what they are while this process runs. */
const told = new Map<string, Promise<string | undefined>>();

/** The version line of each program, without programs that print none. Each is asked once. */
export async function programVersions(host: Caller, names: readonly ProgramName[]): Promise<Record<string, string>> {
  const files = new Map([...names].sort().map((name) => [name, findProgram(name)]));
  const asked = [...files].filter(([name, file]) => {
    const hasVersion = !(name in questions) || questions[name] !== undefined;
    return file !== undefined && hasVersion && !told.has(file);
  });
  if (asked.length > 0) {
    const answers = ask(
      host,
      asked.map(([name]) => name),
    );
    for (const [index, [, file = '']] of asked.entries()) {
      const answer = answers.then((lines) => lines[index]);
      told.set(file, answer);
      answer.catch(() => told.delete(file));
    }
  }
  const versions: Record<string, string> = {};
  for (const [name, file = ''] of files) {
    const version = await told.get(file);
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}

/** Marks what follows as that of the next program, and its exit code: no program prints these of its own accord. */
const [next, exitCode] = ['\x1e', '\x1f'];

/** A shell starts programs in a fraction of the time that this process takes for it, which is much larger. */
const script = `
while [ $# -gt 0 ]; do
	printf '\\036'; printf '\\036' >&2
	"$1" "$2" </dev/null
	printf '\\037%d' $?
	shift 2
done`;

/** The first line that each program prints; undefined for one that fails, or prints none. */
async function ask(host: Caller, names: readonly ProgramName[]): Promise<(string | undefined)[]> {
  const words = names.flatMap((name) => [name, questions[name] ?? '--version']);
  const called: Command = {
    ...{ file: 'sh', args: ['-c', script, 'sh', ...words] },
    env: { LC_ALL: 'C.UTF-8', PATH: programPath() },
    shown: `each of ${names.join(', ')} for its version`,
  };
  const { stdout, stderr } = await run(host, called);
  const [, ...errors] = stderr.split(next);
  const [, ...outputs] = stdout.split(next);
  return outputs.map((output, index) => {
    const [said = '', code] = output.split(exitCode);
    if (code?.trim() === '0') return firstLine(`${said}\n${errors[index] ?? ''}`);
    host.log.debug(`${names[index] ?? ''} does not print its version: it ends with ${code}`);
    return undefined;
  });
}

function firstLine(text: string): string | undefined {
  return text
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.trim();
}
