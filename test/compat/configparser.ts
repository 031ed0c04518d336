import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Case } from './nasty-ini.js';

export interface PythonError {
  error: string;
  /** The offending lines of the file that failed, as far as Python tells. */
  lines: (number | null)[];
  reference: string | null;
}

export type Attempt<T> = { value: T } | PythonError;

export interface PythonSection {
  name: string;
  options: string[];
  raw: string[];
  /** Of the options, of the names in `vars`, and of one that is not set anywhere. */
  values: Attempt<string | null>[];
  withVars: Attempt<string | null>[];
}

/** What Python's own configparser, with ExtendedInterpolation, makes of configuration files. */
export function askPython(cases: readonly Case[]): Attempt<PythonSection[]>[] {
  const script = fileURLToPath(new URL('./configparser.py', import.meta.url));
  // Debian's own; a bare python3 may be another one
  const answer = execFileSync('/usr/bin/python3', ['-I', script], { input: JSON.stringify(cases), maxBuffer: 2 ** 30 });
  return JSON.parse(answer.toString()) as Attempt<PythonSection[]>[];
}

/** The options of a section that Python resolves, and the names of those for which it raises an error. */
export function resolved({ options, values }: PythonSection): {
  items: [name: string, value: string][];
  wrong: string[];
} {
  const items: [string, string][] = [];
  const wrong: string[] = [];
  options.forEach((option, index) => {
    const value = values[index]!;
    if ('error' in value) wrong.push(option);
    // Only what is asked for and not set anywhere has no value.
    else items.push([option, value.value!]);
  });
  return { items, wrong };
}
