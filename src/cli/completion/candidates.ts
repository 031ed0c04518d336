import type { Argument, Command, Option } from 'commander';
import { descriptionOptions } from '../../config/description-options.js';
import { shippedTargetNames } from '../../config/configuration-files.js';
import { shippedLayoutNames } from '../../config/layout-file.js';
import { imageOptions } from '../../config/options.js';
import { namesFile, takesSeveral } from '../option-values.js';
import { listedWords } from '../section-flags.js';

/** What one position of the command line takes: one of some words, something to look up, or any text. */
export type Candidates =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Words that go on without a blank: `format=`. */
  | { readonly kind: 'beginnings'; readonly words: readonly string[] }
  /** One of these, or the name of a file. */
  | { readonly kind: 'words-or-file'; readonly words: readonly string[] }
  /** One of these, or the name of an image or of a file. */
  | { readonly kind: 'image-or-file'; readonly words: readonly string[] }
  /** One of these, or the name of a group. */
  | { readonly kind: 'words-or-group'; readonly words: readonly string[] }
  | { readonly kind: 'image' | 'flavor' | 'command' | 'file' | 'directory' | 'text' };

export interface CompletedOption {
  /** As they are typed: `-f`, `--format`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Without it, the option takes no value. */
  readonly value: Candidates | undefined;
  /** Whether the option may be given more than once, and each value counts. */
  readonly isRepeatable: boolean;
}

export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  readonly argument: Candidates | undefined;
}

/** What a shell can complete, from the commands and options themselves. */
export function completedCommands(root: Command): CompletedCommand[] {
  const help = root.createHelp();
  return help.visibleCommands(root).map((command) => {
    const verbs = help.visibleCommands(command).filter((verb) => verb.name() !== 'help');
    return {
      name: command.name(),
      description: command.description(),
      options: eachOnce([command, ...verbs].flatMap((each) => [...help.visibleOptions(each)])).map((option) => ({
        names: [option.short, option.long].flatMap((name) => name ?? []),
        description: firstSentence(option.description),
        value: option.required ? valueOf(option) : undefined,
        isRepeatable: takesSeveral(option),
      })),
      // Of a command such as `layer`, the verbs; the others take the same thing wherever it stands.
      argument: verbs.length > 0 ? ofVerbs(verbs) : command.registeredArguments.map(argumentOf)[0],
    };
  });
}

function ofVerbs(verbs: readonly Command[]): Candidates {
  const words = verbs.map((verb) => verb.name());
  const takesGroup = verbs.some((verb) => verb.registeredArguments.some((argument) => argument.name() === 'group'));
  return { kind: takesGroup ? 'words-or-group' : 'words', words };
}

function eachOnce(options: readonly Option[]): Option[] {
  return [...new Map(options.map((option) => [option.long ?? option.flags, option])).values()];
}

/** Without the word `build`, its options and images may follow, or the name of a command. */
export const impliedCommand = 'build';

/** Every spelling of an option that takes the next word as its value, in whatever command. */
export function valueOptions(commands: readonly CompletedCommand[]): string[] {
  return [...new Set(commands.flatMap(({ options }) => options.flatMap(({ names, value }) => (value ? names : []))))];
}

function valueOf(option: Option): Candidates {
  const words = option.argChoices ?? listedWords(option);
  if (words) return { kind: 'words', words };
  if (option.flags.includes('<option=value>')) return { kind: 'beginnings', words: settings() };
  if (option.flags.includes('<dir>')) return { kind: 'directory' };
  if (option.flags.includes('<flavor>')) return { kind: 'flavor' };
  if (option.flags.includes('<image>')) return { kind: 'image' };
  return { kind: namesFile(option) ? 'file' : 'text' };
}

/** What `--set` may set, but for the options that a configuration names as it likes. */
function settings(): string[] {
  return Object.keys({ ...imageOptions, ...descriptionOptions }).map((name) => `${name}=`);
}

function argumentOf(argument: Argument, _: number, all: readonly Argument[]): Candidates {
  if (all.some((other) => other.name() === 'layout')) {
    return { kind: 'words-or-file', words: [...(all[0]?.argChoices ?? []), ...shippedLayoutNames()] };
  }
  const takesFiles = takesImageOrFile(argument);
  if (takesFiles && all.some((other) => other.name() === 'target')) {
    return { kind: 'image-or-file', words: shippedTargetNames() };
  }
  if (takesFiles) return { kind: 'image-or-file', words: [] };
  if (argument.argChoices) return { kind: 'words', words: argument.argChoices };
  const name = argument.name();
  return { kind: name === 'image' || name === 'file' || name === 'command' ? name : 'text' };
}

/** Such as `check`, `write` and `bundle` take, and `diff` twice. */
function takesImageOrFile(argument: Argument): boolean {
  return argument.name() === 'image|file' || argument.name() === 'a';
}

function firstSentence(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/(?<=\w\w|\))(?:[.:;] |, and ).*$/, '');
}

/** In single quotes, as every shell reads it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
