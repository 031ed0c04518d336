import type { OptionType } from './option-types.js';

/** The headings under which options stand, in their order. */
export const optionGroups = {
  section: 'Section',
  installer: 'Installer',
  verification: 'Verification',
  'answer-file': 'Answer file',
  machine: 'Virtual machine',
  disk: 'Disk',
  'boot-test': 'Boot test',
  output: 'Output',
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

/** One option of a section: everything that code, help, man page and checks know of it stands in this record. */
export interface Option<T> {
  readonly type: OptionType<T>;
  /** What the option does, in a sentence or two without the default; markdown as in a man page. */
  readonly doc: string;
  /** As it would be written in a section. Without it, the option is unset unless given. */
  readonly default?: string;
  /** For people, where the default depends on the machine. */
  readonly defaultDoc?: string;
  /** Flags of `build` that set the option for one run; a negatable one has a `--no-` that sets it to *no*. */
  readonly flag?: { readonly short?: string; readonly long: string; readonly negatable?: boolean };
  /** Under which heading help and manual have it. */
  readonly group: OptionGroup;
  /** `NAME1`, `NAME2`, … up to the first number that is missing continue it. */
  readonly numbered?: boolean;
  /** Its value is not repeated in messages. */
  readonly secret?: boolean;
}

/** A record of a table of options, whose type keeps whether there is a default. */
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
