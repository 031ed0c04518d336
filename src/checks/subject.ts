import type { AnswerFile } from '../answers/answer-file.js';
import type { Configuration } from '../config/configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { canonical } from '../config/option.js';
import { isSecret } from '../config/secrets.js';
import { UsageError, type Failure } from '../host/failure.js';
import type { Caller } from '../host/host.js';

/** The image to check before a build. */
export interface Subject {
  readonly host: Caller;
  readonly configuration: Configuration;
  readonly spec: ImageSpec;
  /**
   * The answer file, or the script of a system that is made from its packages; undefined for a derived image, and if it can't be
   * rendered, which another check reports.
   */
  readonly answerFile: AnswerFile | undefined;
}

/** A problem that would or might make a build fail. */
export interface CheckFinding {
  /** An error prevents the build; a warning is logged before it. */
  readonly weight: 'error' | 'warning';
  /** Begins with `FILE:LINE: ` if the place is known. */
  readonly message: string;
}

/** One check of an image. It changes nothing, and may throw a UsageError with all its errors. */
export type Check = (subject: Subject) => readonly CheckFinding[] | Promise<readonly CheckFinding[]>;

export function error(message: string): CheckFinding {
  return { weight: 'error', message };
}

/** What a failure would say of the build, in one line. */
export function foreseen({ message, hint }: Failure, place = ''): CheckFinding {
  return error(`${place}${[message, hint].filter(Boolean).join('; ')}`);
}

export function warning(message: string): CheckFinding {
  return { weight: 'warning', message };
}

/** Whether a missing file may exist when it is needed, because the pre-build-command may create it. */
export function mayBeMade({ spec }: Subject): boolean {
  return spec.preBuildCommand !== undefined;
}

/**
 * `my.conf:3: [web] post-build-command = publish`, as far as known; `command line: [web] …` for what it sets.
 *
 * @param section the image's, or a destination's
 */
export function placeOf({ configuration, spec }: Subject, option: string, section = spec.section): string {
  if (section === spec.section && spec.overridden.some((name) => canonical(name) === canonical(option))) {
    const [, set = ''] = Object.entries(spec.variables).find(([name]) => canonical(name) === canonical(option)) ?? [];
    return `command line: [${section}] ${option} = ${set}`;
  }
  const { document } = configuration.section(spec.section);
  const spelling = optionNames(document, section).findLast((name) => canonical(name) === canonical(option));
  if (spelling === undefined) return `[${section}] ${option}`;
  const source = document.raw(section, spelling);
  const where = source?.line ? `${source.file}:${source.line}: ` : '';
  const value = isSecret(spelling) ? '…' : (resolved(document, section, spelling) ?? '');
  return `${where}[${section}] ${spelling} = ${value.replaceAll('\n', ' ')}`;
}

/** What the section or the command line sets to something: names with `-`. What all sections inherit, or it is like, is not of these. */
export function ownOptions({ configuration, spec }: Subject): ReadonlySet<string> {
  const own = configuration.section(spec.section).document.sections.get(spec.section)?.options ?? [];
  const names = [...own].flatMap(([name, { like, value }]) => (like === undefined && value !== '' ? [name] : []));
  return new Set([...names, ...spec.overridden].map(canonical));
}

type Document = ReturnType<Configuration['section']>['document'];

/** Those of [DEFAULT] first, so that the section's own take precedence. */
function optionNames(document: Document, section: string): string[] {
  return [...document.defaults.options.keys(), ...(document.sections.get(section)?.options.keys() ?? [])];
}

function resolved(document: Document, section: string, option: string): string | undefined {
  try {
    return document.get(section, option);
  } catch (caught) {
    if (caught instanceof UsageError) return undefined;
    throw caught;
  }
}
