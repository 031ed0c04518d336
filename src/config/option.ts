import type { OptionType } from './option-types.js';

/** The headings under which options stand, in their order. */
export const optionGroups = {
  section: 'Section',
  derive: 'Derived images',
  installer: 'Installer',
  verification: 'Verification',
  'answer-file': 'Answer file',
  machine: 'Virtual machine',
  disk: 'Disk',
  golden: 'Golden image',
  'boot-test': 'Boot test',
  output: 'Output',
  bundles: 'Bundles',
  log: 'Log',
  documents: 'Documents',
  signing: 'Signing',
  upload: 'Upload',
  rsync: 'rsync',
  sftp: 'SFTP',
  hooks: 'Hooks',
  system: 'System',
  users: 'Users',
  software: 'Software',
  security: 'Security',
} as const;

export type OptionGroup = keyof typeof optionGroups;

/** One option of a section: the single source for the parser, `--help`, the manual and the checks. */
export interface Option<T> {
  readonly type: OptionType<T>;
  /** What the option does, in a sentence or two without the default; markdown as in a man page. */
  readonly doc: string;
  /** As you would write it in a section. An option without a default stays unset. */
  readonly default?: string;
  /** Describes a default that depends on the machine or on other options. */
  readonly defaultDoc?: string;
  /** Flags of `build` that set the option for one run; a negatable one has a `--no-` that sets it to *no*. */
  readonly flag?: { readonly short?: string; readonly long: string; readonly negatable?: boolean };
  /** The heading that lists it in `--help` and in the manual. */
  readonly group: OptionGroup;
  /** `NAME1`, `NAME2`, … continue it, up to the first missing number. */
  readonly numbered?: boolean;
  /** Messages never repeat its value. */
  readonly secret?: boolean;
}

/** A record of an option table. Its type keeps whether there is a default. */
export function option<T, const Rest extends Omit<Option<T>, 'type'>>(
  of: OptionType<T>,
  rest: Rest,
): { type: OptionType<T> } & Rest {
  return { type: of, ...rest };
}

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name extends `${infer Head}_${infer Tail}`
    ? `${Head}${Capitalize<CamelCase<Tail>>}`
    : Name;

type ValueOf<O> = O extends { type: OptionType<infer T> } ? (O extends { default: string } ? T : T | undefined) : never;

/** The values of a section, by the option's name in camel case: `image-size` is `imageSize`. */
export type Values<Table extends Record<string, Option<unknown>>> = {
  readonly [Name in keyof Table & string as CamelCase<Name>]: ValueOf<Table[Name]>;
};

/** `image-size` and `cache_dir` as properties: `imageSize`, `cacheDir`. */
export function camelCase(name: string): string {
  return name.replace(/[-_](.)/g, (_, letter: string) => letter.toUpperCase());
}

/** `-` and `_` mean the same in option names: the spelling that both share. */
export function canonical(name: string): string {
  return name.replaceAll('_', '-');
}
