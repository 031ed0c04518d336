import { Failure } from '../host/failure.js';
import type { Gone } from './pool.js';

/** Says which locked packages are nowhere, where they were looked for, and what is offered instead. */
export function goneMessage(gone: readonly Gone[], offered: ReadonlyMap<string, string> = new Map()): Failure {
  const lines = gone.flatMap(({ locked, asked }) => [
    `  | ${locked.name} ${locked.version}: not in the pool`,
    ...asked.map(({ place, answer }) => `  |   ${place}/${locked.path}: ${answer}`),
    ...(asked.length === 0 ? [`  |   no archive of 'package-sources' is the suite ${locked.suite}`] : []),
    `  |   offered now: ${offered.get(locked.name) ?? 'nothing of that name'}`,
  ]);
  const count = gone.length === 1 ? 'a package of the lock is' : `${gone.length} packages of the lock are`;
  return new Failure(`${count} nowhere to be found:\n${lines.join('\n')}`, {
    hint: "Name an archive that still has them in 'package-archives', such as a dated one; or 'image-factory lock --update' takes what is offered now.",
  });
}
