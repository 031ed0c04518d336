import type { AnswerFile } from '../answers/answer-file.js';
import type { Configuration } from '../config/configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { canonical } from '../config/option.js';
import { isSecret } from '../config/secrets.js';
import { UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';

/** What is checked before anything is done. */
export interface Subject {
  readonly host: Caller;
  readonly configuration: Configuration;
  readonly spec: ImageSpec;
  /** Undefined where it can't be rendered, which a check of its own tells. */
  readonly answerFile: AnswerFile | undefined;
}

/** Something that would spoil a build, or might. */
export interface CheckFinding {
  /** An error keeps the image from being built; a warning is told before it is. */
  readonly weight: 'error' | 'warning';
  /** Begins with `FILE:LINE: ` where the place is known. */
  readonly message: string;
}

/** One look at an image. It touches nothing, and throws a UsageError where that says all its errors. */
export type Check = (subject: Subject) => readonly CheckFinding[] | Promise<readonly CheckFinding[]>;

export function error(message: string): CheckFinding {
  return { weight: 'error', message };
}

export function warning(message: string): CheckFinding {
  return { weight: 'warning', message };
}

/** Whether a file that is missing now may be there when it is needed: a command of the user's runs before all else. */
export function mayBeMade({ spec }: Subject): boolean {
  return spec.preBuildCommand !== undefined;
}

/**
 * `my.conf:3: [web] post-build-command = publish`, as far as it is known: what the command line sets has no line.
 *
 * @param section the image's, or a destination's
 */
export function placeOf({ configuration, spec }: Subject, option: string, section = spec.name): string {
  if (section === spec.name && spec.overridden.some((name) => canonical(name) === canonical(option))) {
    const [, set = ''] = Object.entries(spec.variables).find(([name]) => canonical(name) === canonical(option)) ?? [];
    return `[${section}] ${option} = ${set}`;
  }
  const { document } = configuration.section(spec.name);
  const spelling = optionNames(document, section).findLast((name) => canonical(name) === canonical(option));
  if (spelling === undefined) return `[${section}] ${option}`;
  const source = document.raw(section, spelling);
  const where = source?.line ? `${source.file}:${source.line}: ` : '';
  const value = isSecret(spelling) ? '…' : (resolved(document, section, spelling) ?? '');
  return `${where}[${section}] ${spelling} = ${value.replaceAll('\n', ' ')}`;
}

type Document = ReturnType<Configuration['section']>['document'];

/** Those of [DEFAULT] first: the section's own win. */
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
