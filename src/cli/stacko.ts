import { existsSync } from 'node:fs';
import { reasonOf } from '../host/errno.js';
import { Failure, UsageError } from '../host/failure.js';
import { complain } from './complaints.js';
import { imageCommands } from './stacko-images.js';
import { pointCommands } from './stacko-points.js';
import type { StackoCommand } from './stacko-words.js';
import { withPublicStore, withStore, type StoreFlags } from './store-session.js';

/** Stacko's own usage text, with the commands that it names elsewhere. */
const usage = `usage: stacko <command> [<args>]

Image commands:
    new-image     Create an image
    edit-image    Mount an image for editing
    close-image   Umount an image to stop editing
    delete-image
    list-images   Show the existing images
    list-instances
    import-image
    export-image

StackPoint commands:
    new-stackpoint
    list-stackpoints
    delete-stackpoint
    cutover-stackpoint:    unmount a current instance, create a new
        instance of the given image (if it does not already exist), set the
        current instance, and mount the new current instance

    fallback-stackpoint:   unmount a current instance, set the
        current instance to the last known image instance, and mount the
        new current instance
    new-stackpoint-instance
    set-stackpoint-instance
    delete-stackpoint-instance
    mount-stackpoint
    umount-stackpoint
    get-stackpoint-dir
    is-stackpoint-mounted
`;

/** Stacko's commands by their names: those of its code, its README and its usage text. */
const stackoCommands: Readonly<Record<string, StackoCommand>> = { ...imageCommands, ...pointCommands };

/** Runs a command line of Stacko's, with its words. Its errors are on standard output, as Stacko's were; they exit with 1. */
export async function stacko(given: readonly string[]): Promise<void> {
  const { flags, words } = storeFlags(given);
  const [word, ...rest] = words;
  if (word === '-h' || word === '--help') return void process.stdout.write(usage);
  if (word === undefined) return wrongUsage(usage, 'too few arguments');
  const command = stackoCommands[word.replaceAll('_', '-')];
  if (command === undefined) {
    process.stdout.write(`Unrecognized command\n${usage}`);
    process.exitCode = 1;
    return;
  }
  const own = `usage: stacko ${word} ${command.usage}\n`;
  if (rest.includes('-h') || rest.includes('--help')) return void process.stdout.write(own);
  const operands = rest.filter((each) => !command.flags?.includes(each));
  const set = new Set(rest.filter((each) => command.flags?.includes(each)));
  const unknown = operands.find((each) => each.startsWith('-'));
  if (unknown !== undefined) return wrongUsage(own, `unrecognized arguments: ${unknown}`);
  if (operands.length < command.least) return wrongUsage(own, 'too few arguments');
  if (operands.length > command.most)
    return wrongUsage(own, `unrecognized arguments: ${operands.slice(command.most).join(' ')}`);
  await inItsWords(() => run(command, operands, set, flags));
}

async function run(
  { action, asRoot }: StackoCommand,
  operands: readonly string[],
  set: ReadonlySet<string>,
  flags: StoreFlags,
): Promise<void> {
  if (existsSync('metadata/images.json')) {
    console.error(
      "image-factory: this directory has images of Stacko: 'image-factory layer import --stacko .' copies them into the store",
    );
  }
  if (asRoot === undefined) return withStore(flags, (store) => action(store, operands, set));
  if (process.getuid?.() !== 0) {
    console.log('You need to have root privileges to mount images.');
    console.error(`image-factory: As this user: ${asRoot(operands)}`);
    process.exitCode = 1;
    return;
  }
  const what = 'stacko';
  await withPublicStore(flags, { what, instead: asRoot(operands) }, (store) => action(store, operands, set));
}

/** `Error:` and the message below it. */
async function inItsWords(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Failure || error instanceof UsageError)) throw error;
    console.log(`Error:\n\t${reasonOf(error)}`);
    if (error instanceof Failure && error.hint !== undefined) complain(error.hint);
    process.exitCode = 1;
  }
}

function wrongUsage(text: string, problem: string): void {
  process.stderr.write(`${text}stacko: error: ${problem}\n`);
  process.exitCode = 2;
}

/** The options of image-factory that may stand before the command: Stacko itself has none. */
function storeFlags(words: readonly string[]): { flags: StoreFlags; words: readonly string[] } {
  const [first = '', second] = words;
  if (first === '--store-dir' && second !== undefined) return { flags: { storeDir: second }, words: words.slice(2) };
  const [, value] = /^--store-dir=(.+)$/s.exec(first) ?? [];
  return value === undefined ? { flags: {}, words } : { flags: { storeDir: value }, words: words.slice(1) };
}
