import { UsageError } from '../host/failure.js';
import { programDirectory } from '../host/program-directory.js';
import { architectureReference } from './architecture-references.js';
import { descriptionTexts } from './description-options.js';
import { defaultCacheDirectory } from './defaults.js';
import { completedSections } from './inheritance.js';
import { IniDocument, type IniSection, type IniSource } from './ini.js';
import type { IniOption } from './interpolation.js';
import { overlaid } from './overlay.js';
import {
  readSource,
  shippedFile,
  shippedTargetsFile,
  userSources,
  type ConfigurationFiles,
} from './configuration-files.js';
import { headersMeant, kindOf, sectionKinds, type SectionKindName } from './section-kinds.js';
import { didYouMean } from './suggestion.js';

/** A section, and the document in which its references are looked up. */
export interface Section {
  readonly name: string;
  readonly document: IniDocument;
}

/**
 * The user's configuration files, and the images that ship with the program.
 *
 * A section in the user's files means what these files say, and what it takes from others by `like`. A shipped section
 * serves where the user's files have none of that name; the user's `[DEFAULT]` then stands above the shipped one, so
 * that one line changes a mirror for all images. That also goes for sections that take options of shipped ones.
 */
export class Configuration {
  /** The user's files that were read, in their order. */
  readonly userFiles: readonly string[];
  /** What was passed over, and why: a configuration file that is there and can't be read. */
  readonly warnings: readonly string[];
  readonly #user: IniDocument;
  readonly #shipped: IniDocument;
  /** Every section, as those see it that use only what the user's files say. */
  readonly #own: IniDocument;
  /** The same, as those see it for which the shipped [DEFAULT] counts. */
  readonly #all: IniDocument;

  constructor(user: readonly IniSource[], shipped: readonly IniSource[], warnings: readonly string[] = []) {
    this.userFiles = user.map(({ name }) => name);
    this.warnings = warnings;
    this.#user = IniDocument.parse(user);
    this.#shipped = IniDocument.parse(shipped);
    const shippedDefaults = overlaid(this.#shipped.defaults.options, this.#user.defaults.options);
    const sections = completedSections({
      user: this.#user.sections,
      shipped: this.#shipped.sections,
      shippedDefaults,
    });
    const surroundings = {
      constants: constants(),
      derived: architectureReference,
      advice: this.#advice.bind(this),
    };
    this.#own = this.#user.within(sections, surroundings);
    this.#all = this.#user.within(sections, surroundings, { name: 'DEFAULT', options: shippedDefaults });
  }

  /**
   * Reads /etc/image-factory.conf, then ~/.config/image-factory.conf (later wins); or only the file that `--config` or
   * the environment variable IMAGE_FACTORY_CONFIG names.
   *
   * @throws UsageError with file and line of everything that can't be read
   */
  static load(file: string | undefined, environment: NodeJS.ProcessEnv = process.env): Configuration {
    const { sources, warnings }: ConfigurationFiles = userSources(file, environment);
    return new Configuration(sources, Configuration.shippedSources(), warnings);
  }

  /** The images and targets of bundles that ship with the program, and what they refer to. */
  static shippedSources(): IniSource[] {
    return [beneath(), readSource(shippedFile), readSource(shippedTargetsFile)];
  }

  /**
   * @throws UsageError naming the nearest image, if there is no section of that name, or saying why the options that it
   *   takes by `like` can't be had
   */
  section(name: string): Section {
    const found = this.#own.sections.get(name);
    if (found?.problem !== undefined) throw new UsageError([found.problem]);
    if (found !== undefined) return { name, document: found.beneath === undefined ? this.#own : this.#all };
    const files = this.userFiles.join(', ');
    throw new UsageError([
      `there is no section [${printable(name)}]${didYouMean(name, this.imageNames())}: neither in ${files || 'a file of yours'} nor among the shipped images; 'image-factory list' shows them all`,
    ]);
  }

  /** Whether the section is one of the user's, rather than one that ships with the program. */
  isOwn(name: string): boolean {
    return this.#user.has(name);
  }

  /** What a section is; undefined for one of mere values, and for none. */
  kind(name: string): SectionKindName | undefined {
    const section = this.#own.sections.get(name);
    return section && kindOf(name, section.options.keys());
  }

  /** The sections that describe an image: the user's, then the shipped ones that theirs do not replace. */
  imageNames(): string[] {
    return this.sectionNames('image');
  }

  /** All sections of a kind, the user's first. */
  sectionNames(kind: SectionKindName): string[] {
    return [...this.#own.sections.keys()].filter((name) => this.kind(name) === kind);
  }

  /** The sections of the user's files, as they stand there. */
  ownSections(): readonly IniSection[] {
    return [...this.#user.sections.values()];
  }

  /** Whether the shipped `[DEFAULT]` has an option of this name: its sections refer to it, wherever they were copied. */
  isShippedDefault(option: string): boolean {
    return this.#shipped.defaults.options.has(option);
  }

  /** The user's `[DEFAULT]`. */
  ownDefaults(): ReadonlyMap<string, IniOption> {
    return this.#user.defaults.options;
  }

  /** Why the options that a section takes by `like` can't be had. */
  problemOf(name: string): string | undefined {
    return this.#own.sections.get(name)?.problem;
  }

  /** How a section can have an option that ships with the program, or that another section sets. */
  #advice(section: string, option: string): string {
    const asker = this.#own.sections.get(section);
    if (asker === undefined || asker.beneath !== undefined) return '';
    if (this.#shipped.defaults.options.has(option)) {
      return `; it is one of the shipped images' own options: ${this.likeHint(section)}`;
    }
    const holders = [...this.#user.sections.values()].filter(({ options }) => options.has(option));
    return holders.length === 1 ? ` (did you mean '\${${holders[0]?.name}:${option}}'?)` : '';
  }

  /** Which `like` gives a section what the shipped images have: that of the image with its name, or with its answer file. */
  likeHint(name: string): string | undefined {
    if (this.#shipped.sections.size === 0) return undefined;
    const last = this.#lastOfLine(name);
    return `add 'like = ${this.#shippedModel(last) ?? 'IMAGE'}' to [${last}] to take the options of a shipped image`;
  }

  /** The section of the user's to which `like` leads from this one in the end. */
  #lastOfLine(name: string): string {
    let last = name;
    for (let steps = 0; steps <= this.#user.sections.size; steps++) {
      const like = this.#user.sections.get(last)?.options.get('like')?.value;
      const next = headersMeant(last, like ?? last).find((header) => header !== last && this.#user.has(header));
      if (like === undefined || next === undefined) break;
      last = next;
    }
    return last;
  }

  /** The same for a section that has the answer file of a shipped image, and not what that needs. */
  adviceFor(name: string): string | undefined {
    if (this.#own.sections.get(name)?.beneath !== undefined || this.#shippedModel(name) === undefined) return undefined;
    return this.likeHint(name);
  }

  #shippedModel(name: string): string | undefined {
    if (this.#shipped.has(name)) return name;
    const marks = sectionKinds.image.marks;
    const options = this.#own.sections.get(name)?.options ?? new Map<string, IniOption>();
    const answers = [...options].filter(([option]) => marks.has(option)).map(([, { value }]) => value);
    return [...this.#shipped.sections.keys()]
      .filter((shipped) => kindOf(shipped, this.#own.sections.get(shipped)?.options.keys() ?? []) === 'image')
      .filter((shipped) =>
        [...marks].some((mark) => {
          const value = this.#own.sections.get(shipped)?.options.get(mark)?.value;
          return value !== undefined && answers.includes(value);
        }),
      )
      .at(-1);
  }
}

/** A name that somebody typed, on one line. */
function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

/** What each section may refer to though no file sets it: the description's defaults, and where the program lies. */
function shippedValues(): Record<string, string> {
  const literal = (path: string) => path.replaceAll('$', '$$$$');
  return {
    ...descriptionTexts,
    program_dir: literal(programDirectory),
    default_cache_dir: literal(defaultCacheDirectory()),
  };
}

function constants(): ReadonlyMap<string, IniOption> {
  return new Map(Object.entries(shippedValues()).map(([name, value]) => [name, { value, file: '', line: 0 }]));
}

/** The same, as variables of the shipped sections. */
function beneath(): IniSource {
  const lines = Object.entries(shippedValues()).map(([name, value]) => `${name} = ${value}\n`);
  return { name: 'image-factory', text: `[DEFAULT]\n${lines.join('')}` };
}
