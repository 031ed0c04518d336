import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../host/failure.js';
import { programDirectory } from '../host/program-directory.js';
import { descriptionDefaults } from './description-options.js';
import { defaultCacheDirectory } from './defaults.js';
import { answerFileKinds } from './image-spec.js';
import { IniDocument, type IniSource } from './ini.js';
import { canonical } from './options.js';
import { didYouMean } from './suggestion.js';

/** The images that ship with the program. */
export const shippedFile = join(programDirectory, 'configs/image-factory.conf');

/** A section, and the document in which its references are looked up. */
export interface Section {
  readonly name: string;
  readonly document: IniDocument;
}

/**
 * The user's configuration files, and the images that ship with the program.
 *
 * A section in the user's files means what these files say and nothing else. A shipped section serves where the
 * user's files have none of that name; the user's `[DEFAULT]` then stands above the shipped one, so that one line
 * changes a mirror for all images.
 */
export class Configuration {
  readonly #user: IniDocument;
  readonly #userSources: readonly IniSource[];
  readonly #shippedSources: readonly IniSource[];
  #shippedBelowUser: IniDocument | undefined;

  constructor(userSources: readonly IniSource[], shippedSources: readonly IniSource[]) {
    this.#user = IniDocument.parse(userSources);
    this.#userSources = userSources;
    this.#shippedSources = shippedSources;
  }

  /**
   * Reads /etc/image-factory.conf, then ~/.config/image-factory.conf (later wins); or only the file that `--config` or
   * the environment variable IMAGE_FACTORY_CONFIG names.
   *
   * @throws UsageError with file and line of everything that can't be read
   */
  static load(file: string | undefined, environment: NodeJS.ProcessEnv = process.env): Configuration {
    return new Configuration(userSources(file, environment), Configuration.shippedSources());
  }

  /** The images that ship with the program, and what they refer to. */
  static shippedSources(): IniSource[] {
    return [beneath(), readSource(shippedFile)];
  }

  /** @throws UsageError naming the nearest image, if there is no section of that name */
  section(name: string): Section {
    if (this.#user.has(name)) return { name, document: this.#user };
    if (this.#everything.has(name)) return { name, document: this.#everything };
    const files = this.#userSources.map((source) => source.name).join(', ');
    throw new UsageError([
      `there is no section [${name}]${didYouMean(name, this.imageNames())}: neither in ${files || 'a file of yours'} nor among the shipped images; 'image-factory list' shows them all`,
    ]);
  }

  /** Whether the section is one of the user's, rather than one that ships with the program. */
  isOwn(name: string): boolean {
    return this.#user.has(name);
  }

  /** The sections that describe an image: the user's, then the shipped ones that theirs do not replace. */
  imageNames(): string[] {
    const names = new Set([...this.#user.sections.keys(), ...this.#everything.sections.keys()]);
    return [...names].filter((name) => describesImage(this.section(name)));
  }

  get #everything(): IniDocument {
    this.#shippedBelowUser ??= IniDocument.parse([...this.#shippedSources, ...this.#userSources]);
    return this.#shippedBelowUser;
  }
}

const imageMarks = new Set<string>(['linux', 'initrd', 'installer-image', ...answerFileKinds]);

function describesImage({ name, document }: Section): boolean {
  const own = document.sections.get(name);
  return own !== undefined && [...own.options.keys()].some((option) => imageMarks.has(canonical(option)));
}

/** What the shipped sections refer to, below everything else: the description's defaults, and where the program lies. */
function beneath(): IniSource {
  const options = { ...descriptionDefaults, program_dir: programDirectory, default_cache_dir: defaultCacheDirectory() };
  const lines = Object.entries(options).map(([name, value]) => `${name} = ${value.replaceAll('$', '$$$$')}\n`);
  return { name: 'image-factory', text: `[DEFAULT]\n${lines.join('')}` };
}

function userSources(file: string | undefined, environment: NodeJS.ProcessEnv): IniSource[] {
  if (file !== undefined) return [readNamedSource(file, '--config')];
  const named = environment.IMAGE_FACTORY_CONFIG;
  if (named !== undefined) return [readNamedSource(named, 'IMAGE_FACTORY_CONFIG')];
  return ['/etc/image-factory.conf', join(homedir(), '.config/image-factory.conf')].flatMap((name) => {
    try {
      return [readSource(name)];
    } catch (error) {
      if (isMissing(error)) return [];
      throw unreadable(name, error);
    }
  });
}

function readNamedSource(name: string, namedBy: string): IniSource {
  try {
    return readSource(name);
  } catch (error) {
    throw unreadable(`'${name}' (named by ${namedBy})`, error);
  }
}

function unreadable(file: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  return new UsageError([`can't read the configuration file ${file}: ${(error as Error).message}`]);
}

function readSource(name: string): IniSource {
  const bytes = readFileSync(name);
  try {
    // Python's configparser keeps a byte order mark, and so trips over it; a decoder that drops it would hide that.
    return { name, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    throw new UsageError([`${name}: not a text in UTF-8`]);
  }
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'ENOTDIR')
  );
}
