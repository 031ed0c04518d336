import { Help, type Command, type HelpConfiguration, type Option } from 'commander';
import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';

/** Longer terms have their description on the next line. */
const widestTerm = 28;

/** The narrowest description beside its term, in columns; a narrower one moves below the term. */
const narrowestDescription = 30;

/** The longest line, in columns: longer ones are hard to read, even on a wide terminal. */
const widestHelp = 100;

/**
 * The layout of `--help`: terms beside their descriptions, or above them where the terminal is narrow.
 *
 * @param everywhere an option of every command, which the program's own help also shows
 */
export const helpLayout = (everywhere: Option): HelpConfiguration => ({
  // From this width on, commander wraps.
  minWidthToWrap: 10,
  visibleOptions(command) {
    const own = new Help().visibleOptions(command);
    return command.parent === null ? [everywhere, ...own] : own;
  },
  subcommandTerm: (command) => command.name(),
  padWidth: (command, help) => Math.min(widestTerm, ownPadWidth(command, help)),
  formatItem(term, termWidth, description, help) {
    const width = help.helpWidth ?? 80;
    const column = termWidth + 4;
    if (description === '') return `  ${term}`;
    if (width - column < narrowestDescription) return `  ${term}\n${indent(description, 6, width, help)}`;
    const beside = indent(description, column, width, help);
    return term.length > termWidth ? `  ${term}\n${beside}` : `  ${term.padEnd(termWidth)}  ${beside.trimStart()}`;
  },
});

/** The width of the terminal in columns; without a terminal, the variable COLUMNS. */
export function helpWidth(): number {
  const columns = process.stdout.columns ?? Number(process.env.COLUMNS);
  return columns > 0 ? Math.min(columns, widestHelp) : 80;
}

function ownPadWidth(command: Command, help: Help): number {
  return Math.max(
    help.longestOptionTermLength(command, help),
    help.longestSubcommandTermLength(command, help),
    help.longestArgumentTermLength(command, help),
  );
}

function indent(text: string, by: number, width: number, help: Help): string {
  return help.boxWrap(text, Math.max(10, width - by)).replace(/^/gm, ' '.repeat(by));
}

/**
 * Prints the help of a command, or of all.
 *
 * @throws UsageError that names the nearest command, if there is none of that name
 */
export function showHelp(root: Command, name: string | undefined): void {
  if (name === undefined) return root.outputHelp();
  const command = root.commands.find((candidate) => candidate.name() === name);
  if (command) return command.outputHelp();
  const names = root.commands.map((candidate) => candidate.name());
  throw new UsageError([
    `there is no command '${name}'${didYouMean(name, names)}: 'image-factory --help' lists them all`,
  ]);
}
