import type { Configuration } from '../config/configuration.js';
import { canonical } from '../config/option.js';
import { UsageError } from '../host/failure.js';

/** An option that a section sets itself, or takes by `like`. */
export interface OwnOption {
  readonly text: string;
  /** For messages: `my.conf:3: [group web] packages`. */
  readonly place: string;
}

/**
 * An option of a section, without [DEFAULT]: what that sets for images is not meant for groups.
 *
 * @throws UsageError if there is no such section, or a reference in the option can't be resolved
 */
export function ownOption(configuration: Configuration, section: string, name: string): OwnOption | undefined {
  const { document } = configuration.section(section);
  const spelling = [...(document.sections.get(section)?.options.keys() ?? [])].findLast(
    (each) => canonical(each) === name,
  );
  if (spelling === undefined) return undefined;
  const raw = document.raw(section, spelling);
  const text = document.get(section, spelling) ?? '';
  const where = raw?.line ? `${raw.file}:${raw.line}: ` : '';
  return { text, place: `${where}[${section}] ${spelling}` };
}

/** Notes the problems of an action instead of throwing them. */
export function noting<T>(problems: string[], action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
