import { Failure } from '../host/failure.js';
import { follow, shellLine, type Command, type Caller } from '../host/host.js';

/** A command of the user's: run without a shell, in the user's own environment. */
export function hookCommand(words: readonly string[], cwd: string): Command {
  const [file, ...args] = words;
  if (!file)
    throw new Failure('a hook begins with an empty word', { hint: 'Begin with a command, or leave the option out.' });
  return { file, args, cwd };
}

/**
 * Runs a command of the user's; its output is logged line by line as it comes.
 *
 * @throws Failure with the command, its exit code and the end of what it said
 */
export async function runHook(host: Caller, words: readonly string[], cwd: string): Promise<void> {
  await runLogged(host, hookCommand(words, cwd));
}

/** Runs a command whose output is meant for people: each line goes to the log as it comes. */
export async function runLogged(host: Caller, called: Command): Promise<void> {
  host.log.info(`Calling ${shellLine(called)}`);
  await follow(host, called, (line) => {
    // A progress display overwrites its line with carriage returns: the last state is what counts.
    const shown = line.split('\r').findLast((part) => part.trim() !== '');
    if (shown !== undefined) host.log.info(shown);
  });
}
