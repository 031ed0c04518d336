import type { PathPattern } from '../disk/path-patterns.js';
import type { Finding, Rule } from './rule.js';

/** A rule that files break by being there. */
export interface FileRule extends Omit<Rule, 'looks' | 'reads' | 'copies' | 'removes' | 'empties' | 'find' | 'repair'> {
  readonly paths?: readonly PathPattern[];
  /** What counts whatever it is, with all that is below it: directories, links, empty files. */
  readonly wholes?: readonly PathPattern[];
  /** Only what is called so. */
  readonly called?: RegExp;
  /** What is not meant. */
  readonly except?: readonly PathPattern[];
  /** `remove`: what needs the file makes it again, or nothing needs it. `empty`: it must be there. */
  readonly repair?: 'remove' | 'empty';
  /** A file that says this is none: each machine makes its own from it. */
  readonly placeholder?: RegExp;
}

const repairs = { remove: 'removed', empty: 'emptied' } as const;

/** Files of the paths count if they are not empty. */
export function fileRule({
  paths = [],
  wholes = [],
  except = [],
  called,
  repair,
  placeholder,
  ...rest
}: FileRule): Rule {
  return {
    ...rest,
    looks: [...paths, ...wholes, ...except],
    ...(placeholder && { reads: paths }),
    ...(repair && { repair: repairs[repair] }),
    ...(repair === 'remove' && { removes: [...paths, ...wholes] }),
    ...(repair === 'empty' && { empties: paths }),
    find: (system): Finding[] => {
      const excepted = new Set(system.matching(except).map(({ path }) => path));
      const found = new Set([...system.files(paths), ...system.matching(wholes).map(({ path }) => path)]);
      return [...found]
        .filter(
          (path) =>
            !excepted.has(path) && (called?.test(path) ?? true) && !placeholder?.test(system.texts.get(path) ?? ''),
        )
        .map((path) => ({ path, ...(repair && { repair: [{ kind: repair, path }] }) }));
    },
  };
}
