import { join, resolve } from 'node:path';
import { UsageError } from '../host/failure.js';
import type { Configuration, Section } from './configuration.js';
import { defaultBuilderId, defaultCacheDirectory, defaultConnection } from './defaults.js';
import { descriptionOption, descriptionOptions } from './description-options.js';
import {
  answerFileKinds,
  type DescribedOption,
  type ImageSpec,
  type InstallerSource,
  type InstallOrigin,
  type Signing,
} from './image-spec.js';
import type { IniDocument } from './ini.js';
import type { Destination } from './destination.js';
import {
  camelCase,
  canonical,
  destinationOptions,
  imageOptions,
  numberedOption,
  type Option,
  type Values,
} from './options.js';
import { isSecret, secretsOf } from './secrets.js';
import { defaultSection } from './ini-reader.js';
import { didYouMean, nearestWord } from './suggestion.js';

/** What the command line sets for one run, by option name, as text. */
export type Overrides = Readonly<Record<string, string>>;

/**
 * The image that a section describes.
 *
 * @param today the date in the artifacts' names, `YYYY-MM-DD`
 * @throws UsageError with every problem of the section and its destinations at once
 */
export function resolveImage(
  configuration: Configuration,
  name: string,
  overrides: Overrides,
  today: string,
): ImageSpec {
  const section = withSettings(configuration.section(name), overrides);
  const problems: string[] = [];
  if (/[/\p{Cc}]|^[-.]/u.test(name)) {
    problems.push(`[${name}]: the name of an image becomes a file name; it can't begin with '-' or '.', or hold '/'`);
  }
  const reader = new SectionReader(section, problems);
  const values = reader.values(imageOptions);
  const installer = installerSource(values, reader);
  const answerFile = answerFileOf(values, reader);
  const signing = signingOf(values, reader);
  const baseName = `${name}-${today}`;
  const destinations = values.uploadDestinations.flatMap(
    (destination) => resolveDestination(section, destination, `${baseName}.${values.format}`, problems) ?? [],
  );
  if (problems.length > 0 || installer === undefined || answerFile === undefined) throw new UsageError(problems);
  const variables = reader.variables();
  return deepFreeze({
    ...values,
    name,
    baseName,
    origin: { kind: 'install', installer, answerFile },
    signing,
    destinations,
    outputDir: resolve(values.outputDir),
    cacheDir: join(resolve(values.cacheDir ?? defaultCacheDirectory()), name),
    connect: values.connect ?? defaultConnection(),
    builderId: values.builderId ?? defaultBuilderId(),
    variables,
    description: reader.description(),
    secrets: secretsOf(variables, destinations),
  });
}

/**
 * The section with what the command line sets, and with a cache directory: other options and destinations may refer to
 * these, as in the Python image-factory.
 */
function withSettings({ name, document }: Section, overrides: Overrides): Section {
  const set = document.with(name, literally(overrides));
  const problems: string[] = [];
  const reader = new SectionReader({ name, document: set }, problems);
  const { cacheDir } = reader.values({ cache_dir: imageOptions.cache_dir });
  // One that can't be resolved is told where it is read for the image.
  if (problems.length > 0) return { name, document: set };
  return { name, document: set.with(name, literally({ cache_dir: cacheDir ?? defaultCacheDirectory() })) };
}

/** Options that are text, in which a dollar sign begins no reference. */
function literally(options: Overrides): Overrides {
  return Object.fromEntries(Object.entries(options).map(([name, text]) => [name, text.replaceAll('$', '$$$$')]));
}

/** Today in local time, as Python's `datetime.date.today().isoformat()`. */
export function isoDate(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function installerSource(values: Values<typeof imageOptions>, reader: SectionReader): InstallerSource | undefined {
  const { installerImage, linux, initrd } = values;
  if (installerImage) return { kind: 'medium', image: installerImage };
  for (const option of reader.lacks('installer_image') ? ['linux', 'initrd'] : []) {
    if (reader.lacks(option)) {
      const nearMiss = reader.nearMiss(option);
      reader.complain(`no option '${option}'${nearMiss}, nor 'installer_image': where does the installer come from?`);
    }
  }
  return linux && initrd ? { kind: 'netboot', linux, initrd } : undefined;
}

function answerFileOf(
  values: Values<typeof imageOptions>,
  reader: SectionReader,
): InstallOrigin['answerFile'] | undefined {
  const given = answerFileKinds.filter((kind) => !reader.lacks(kind));
  if (given.length > 1) {
    reader.complain(
      `${given.map((kind) => `'${kind}'`).join(' and ')} are both set; an installation reads one answer file (an empty value unsets one of [DEFAULT])`,
    );
  } else if (given.length === 0) {
    const names = answerFileKinds.map((kind) => `'${kind}'`);
    reader.complain(
      `no answer file: one of the options ${names.slice(0, -1).join(', ')} and ${names.at(-1)} must name it`,
    );
  }
  const [kind] = given;
  const path = kind && values[kind];
  return kind && path ? { kind, path } : undefined;
}

function signingOf({ sign, signKey }: Values<typeof imageOptions>, reader: SectionReader): Signing | undefined {
  // A value that is no word of the option has been complained of already.
  if (sign === undefined || sign === 'no') return undefined;
  if (signKey) return { by: sign, key: signKey };
  reader.complain(`'sign = ${sign}' needs 'sign-key', the key to sign with`);
  return undefined;
}

function resolveDestination(
  { document }: Section,
  name: string,
  imageFile: string,
  problems: string[],
): Destination | undefined {
  if (!document.has(name) && name !== defaultSection) {
    problems.push(`upload_destinations: there is no section [${name}]${didYouMean(name, document.sections.keys())}`);
    return undefined;
  }
  const reader = new SectionReader({ name, document }, problems);
  const { [numberedOption]: postUploadCommand, ...uploadOptions } = destinationOptions;
  const values = reader.values(uploadOptions);
  const { uploadType, uploadTarget } = values;
  for (const option of ['upload_type', 'upload_target']) {
    if (reader.lacks(option)) reader.complain(`no option '${option}' for this upload destination`);
  }
  // Elsewhere `image` is an option like others, which a section may have for purposes of its own.
  const uploaded = new SectionReader(
    { name, document: document.with(name, literally({ image: imageFile })) },
    problems,
  );
  const commands = uploaded.numbered(numberedOption, postUploadCommand);
  if (!uploadType || !uploadTarget) return undefined;
  const common = {
    name,
    target: uploadTarget,
    ...(values.uploadArtifacts === undefined ? {} : { artifacts: values.uploadArtifacts }),
    postUploadCommands: commands.filter((words) => words.length > 0),
  };
  if (uploadType === 'rsync') return { ...common, type: 'rsync', args: values.uploadArgs };
  return {
    ...common,
    type: 'sftp',
    ...(values.uploadIdentity === undefined ? {} : { identity: values.uploadIdentity }),
    ...(values.uploadKnownHosts === undefined ? {} : { knownHosts: values.uploadKnownHosts }),
    ...(values.uploadPort === undefined ? {} : { port: values.uploadPort }),
    ...(values.uploadPasswordEnv === undefined ? {} : { passwordEnv: values.uploadPasswordEnv }),
  };
}

const knownOptions = new Set([...Object.keys(imageOptions), ...Object.keys(destinationOptions)].map(canonical));

/** Reads the options of one section as their types have it, and notes what is wrong with those that are asked for. */
class SectionReader {
  /** How the section spells an option, by the spelling that `-` and `_` share. */
  readonly #spellings = new Map<string, string>();

  readonly #section: string;
  readonly #document: IniDocument;

  constructor(
    { name, document }: Section,
    readonly problems: string[],
  ) {
    this.#section = name;
    this.#document = document;
    const own = document.sections.get(name)?.options.keys() ?? [];
    // Later wins: a section's `image_size` beats the `image-size` of [DEFAULT], and the command line beats both.
    for (const spelling of [...document.defaults.options.keys(), ...own]) {
      this.#spellings.set(canonical(spelling), spelling);
    }
  }

  /** Whether an option is not set, or is set to nothing. One that can't be resolved is set. */
  lacks(name: string): boolean {
    const spelling = this.#spellings.get(canonical(name));
    return spelling === undefined || this.#text(spelling, []) === '';
  }

  complain(problem: string): void {
    this.problems.push(`[${this.#section}]: ${problem}`);
  }

  /** Every option that can be resolved, as text, by the name that the section gives it. */
  variables(): Record<string, string> {
    const variables: Record<string, string> = {};
    for (const spelling of this.#document.optionNames(this.#section)) {
      // What can't be resolved is no variable: [DEFAULT] may hold what only other sections complete.
      const text = this.#text(spelling, []);
      if (text !== undefined) variables[spelling] = text;
    }
    return variables;
  }

  /** The options that describe the installed system, as far as they are set. */
  description(): Record<string, DescribedOption> {
    const described: Record<string, DescribedOption> = {};
    for (const name of Object.keys(descriptionOptions)) {
      const spelling = this.#spellings.get(name);
      const text = spelling === undefined ? '' : this.#text(spelling, []);
      if (spelling !== undefined && text) described[name] = this.#described(spelling, text);
    }
    return described;
  }

  #described(spelling: string, text: string): DescribedOption {
    const place = this.#place(spelling, text);
    try {
      descriptionOption(spelling)?.type.parse(text);
      return { place };
    } catch (error) {
      return { place, fault: `expected ${(error as Error).message}` };
    }
  }

  /** ` (is it 'intrd'?)` where the section has an option that nothing knows and that is spelt nearly so. */
  nearMiss(option: string): string {
    const unknown = [...this.#spellings.keys()].filter((given) => !knownOptions.has(given));
    const nearest = nearestWord(option, unknown);
    return nearest === undefined ? '' : ` (is it '${nearest}'?)`;
  }

  values<Table extends Record<string, Option<unknown>>>(table: Table): Values<Table> {
    return Object.fromEntries(
      Object.entries(table).map(([name, option]) => [camelCase(name), this.#value(name, option)]),
    ) as unknown as Values<Table>;
  }

  /** The values of `name`, `name1`, `name2`, … up to the first number that is not there. */
  numbered<T>(name: string, option: Option<T>): T[] {
    const names = [name];
    for (let number = 1; this.#spellings.has(canonical(`${name}${number}`)); number++) names.push(`${name}${number}`);
    return names.map((each) => this.#value(each, option)).filter((value) => value !== undefined);
  }

  #value<T>(name: string, option: Option<T>): T | undefined {
    const spelling = this.#spellings.get(canonical(name));
    const given = spelling === undefined ? undefined : this.#text(spelling, this.problems);
    const text = given || option.default;
    if (text === undefined) return undefined;
    try {
      return option.type.parse(text);
    } catch (error) {
      this.problems.push(`${this.#place(spelling ?? name, text)}: expected ${(error as Error).message}`);
      return undefined;
    }
  }

  /** `my.conf:3: [debian-12] ram = 1024` */
  #place(spelling: string, text: string): string {
    const source = this.#document.raw(this.#section, spelling);
    const where = source?.line ? `${source.file}:${source.line}: ` : '';
    const shown = isSecret(spelling) ? '…' : text.replaceAll('\n', ' ');
    return `${where}[${this.#section}] ${spelling} = ${shown}`;
  }

  #text(spelling: string, problems: string[]): string | undefined {
    try {
      return this.#document.get(this.#section, spelling);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
