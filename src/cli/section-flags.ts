import { Option } from 'commander';
import { boolean } from '../config/option-types.js';
import { optionGroups, type Option as ImageOption, type OptionGroup } from '../config/option.js';
import { imageOptions } from '../config/options.js';

/** The flags of `build` that set an option of the section for one run, from the option table, group by group. */
export function sectionFlags(): Option[] {
  const options = Object.values(imageOptions as Record<string, ImageOption<unknown>>);
  return (Object.keys(optionGroups) as OptionGroup[]).flatMap((group) =>
    options
      .filter((option) => option.group === group)
      .flatMap(flagsOf)
      .map((flag) => flag.helpGroup(groupHeading(group))),
  );
}

export function groupHeading(group: OptionGroup): string {
  return `${optionGroups[group]}:`;
}

function flagsOf({ flag, type, doc }: ImageOption<unknown>): Option[] {
  if (!flag) return [];
  const names = `${flag.short === undefined ? '' : `-${flag.short}, `}--${flag.long}`;
  const help = inShort(doc);
  if (type === boolean)
    return [new Option(names, help), new Option(`--no-${flag.long}`, `the opposite of --${flag.long}`)];
  if (flag.negatable) {
    const off = new Option(`--no-${flag.long}`, `the same as --${flag.long} off`);
    return [new Option(`${names} <${type.metavar.toLowerCase()}>`, help), off];
  }
  if ('listed' in type) return [listing(new Option(`${names} <word,...>`, help), type.listed as readonly string[])];
  if ('words' in type) return [new Option(`${names} <${flag.long}>`, help).choices(type.words as string[])];
  return [new Option(`${names} <${type.metavar.toLowerCase()}>`, help)];
}

const words = new WeakMap<Option, readonly string[]>();

function listing(option: Option, listed: readonly string[]): Option {
  words.set(option, listed);
  return option;
}

/** The words of which an option takes several, separated by commas; none for other options. */
export function listedWords(option: Option): readonly string[] | undefined {
  return words.get(option);
}

/** The first sentence of an option's description, styled like the other flags' help. The manual has the rest. */
function inShort(doc: string): string {
  const [sentence = ''] = plainText(doc).split(/\.(?:\s|$)/);
  return sentence.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase());
}

/** The one flag of that name. */
export function sectionFlag(long: `--${string}`): Option {
  const flag = sectionFlags().find((candidate) => candidate.long === long);
  if (!flag) throw new Error(`the option table has no flag ${long}`);
  return flag;
}

/** The table's markdown, as plain text. */
export function plainText(markdown: string): string {
  return markdown.replace(/\*{1,2}([^*]+)\*{1,2}/g, '$1');
}
