import { Option } from 'commander';
import { boolean } from '../config/option-types.js';
import { imageOptions, type Option as ImageOption } from '../config/options.js';

/** The flags of `build` that set an option of the section for one run, from the option table. */
export function sectionFlags(): Option[] {
  return Object.entries(imageOptions as Record<string, ImageOption<unknown>>).flatMap(([, option]) => {
    const { flag, type } = option;
    if (!flag) return [];
    const names = `${flag.short === undefined ? '' : `-${flag.short}, `}--${flag.long}`;
    const help =
      plainText(option.doc) +
      ((option.defaultDoc ?? option.default)
        ? ` (default: ${plainText(option.defaultDoc ?? option.default ?? '')})`
        : '');
    if (type === boolean)
      return [new Option(names, help), new Option(`--no-${flag.long}`, `the opposite of --${flag.long}`)];
    if (flag.negatable) {
      const off = new Option(`--no-${flag.long}`, `the same as --${flag.long} off`);
      return [new Option(`${names} <${type.metavar.toLowerCase()}>`, help), off];
    }
    if ('words' in type) return [new Option(`${names} <${flag.long}>`, help).choices(type.words as string[])];
    return [new Option(`${names} <${type.metavar.toLowerCase()}>`, help)];
  });
}

/** The one flag of that name. */
export function sectionFlag(long: `--${string}`): Option {
  const flag = sectionFlags().find((candidate) => candidate.long === long);
  if (!flag) throw new Error(`the option table has no flag ${long}`);
  return flag;
}

/** The table's markdown, as a terminal shows it. */
export function plainText(markdown: string): string {
  return markdown.replace(/\*{1,2}([^*]+)\*{1,2}/g, '$1');
}
