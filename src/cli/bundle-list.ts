import type { Configuration } from '../config/configuration.js';
import { resolveTarget, targetNames } from '../config/resolve-bundle.js';
import { UsageError } from '../host/failure.js';
import { printJson } from './layer.js';
import { columns } from './tables.js';

/** Prints every target, the user's first. @throws UsageError with everything that is wrong in their sections */
export function listTargets(
  configuration: Configuration,
  word: string | undefined,
  { json }: { readonly json?: boolean },
): void {
  if (word !== undefined) throw new UsageError([`bundle --list ${word}: it takes no further words`]);
  const problems: string[] = [];
  const targets = targetNames(configuration).flatMap((name) => {
    try {
      return [resolveTarget(configuration, name)];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new UsageError(problems);
  if (json) return printJson({ targets });
  const rows = targets.map(({ name, format, subformat, description }) => [
    name,
    subformat === undefined ? format : `${format}, ${subformat}`,
    description,
  ]);
  for (const line of columns([['TARGET', 'FORMAT', 'FOR'], ...rows])) console.log(line);
}
