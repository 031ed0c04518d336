import type { Command, Option } from 'commander';

/**
 * Moves the command's name in front of the options that stand before it: `--config FILE list` means
 * `list --config FILE`, as for git and kubectl. What follows `--` names no command.
 */
export function commandFirst(root: Command, words: readonly string[]): string[] {
  const at = firstOperand(optionsOf(root), words);
  const word = words[at];
  const rest = words.filter((_, index) => index !== at);
  const command = root.commands.find((each) => each.name() === word);
  if (word !== undefined && command !== undefined) {
    // `--config FILE group show web`: the options are those of `group show`.
    const next = at < words.length - 1 ? (words[at + 1] as string) : undefined;
    const inner = next !== undefined && command.commands.some((each) => each.name() === next);
    return inner ? [word, next, ...words.filter((_, index) => index !== at && index !== at + 1)] : [word, ...rest];
  }
  // With other options of a build, `--help` asks for the help of `build` and not for that of the program.
  const isHelp = (candidate: string) => candidate === '--help' || candidate === '-h';
  const asksForBuild = words.some(isHelp) && words.some((candidate) => !isHelp(candidate));
  return asksForBuild ? ['build', ...words] : [...words];
}

function optionsOf(root: Command): Map<string, Option> {
  // Of an option that several have, that of the outer command counts.
  const all = [...root.commands.flatMap(({ commands }) => commands), root, ...root.commands].flatMap(
    ({ options }) => options,
  );
  return new Map(
    all.flatMap((option) => [option.short, option.long].flatMap((name) => (name ? [[name, option] as const] : []))),
  );
}

/** The index of the first word that is neither an option nor the value of one; -1 where there is none. */
function firstOperand(options: ReadonlyMap<string, Option>, words: readonly string[]): number {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as string;
    if (word === '--') return -1;
    if (!word.startsWith('-') || word === '-') return index;
    if (takesNextWord(options, word)) index += 1;
  }
  return -1;
}

function takesNextWord(options: ReadonlyMap<string, Option>, word: string): boolean {
  if (word.startsWith('--')) return options.get(word)?.required ?? false;
  // `-vo DIR`: the first letter that takes a value takes the rest of the word, or else the next one.
  const letters = [...word.slice(1)];
  const taker = letters.findIndex((letter) => options.get(`-${letter}`)?.required);
  return taker >= 0 && taker === letters.length - 1;
}
