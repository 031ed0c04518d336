import { Failure } from '../host/failure.js';
import type { Gone } from './pool.js';

/**
 * Says which locked packages are nowhere, where they were looked for, and what is offered instead.
 *
 * @param offered versions by name; undefined where the mirror could not be asked
 */
export function goneMessage(gone: readonly Gone[], offered: ReadonlyMap<string, string> | undefined): Failure {
  const lines = gone.flatMap(({ locked, asked }) => [
    `  | ${locked.name} ${locked.version}: not in the pool`,
    ...answers({ locked, asked }),
    `  |   offered now: ${offered === undefined ? "unknown, since the indexes can't be read" : (offered.get(locked.name) ?? 'nothing of that name')}`,
  ]);
  const count = gone.length === 1 ? 'a package of the lock is' : `${gone.length} packages of the lock are`;
  return new Failure(`${count} nowhere to be found:\n${lines.join('\n')}`, {
    hint: "Name an archive that still has them in 'package-archives', such as a dated one; or 'image-factory lock --update' takes what is offered now.",
  });
}

/** Says which packages the indexes offer that no place gives, while a lock is made. */
export function notFetchedMessage(missing: readonly Gone[]): Failure {
  const lines = missing.flatMap((each) => [`  | ${each.locked.name} ${each.locked.version}`, ...answers(each)]);
  const count = missing.length === 1 ? 'a package' : `${missing.length} packages`;
  return new Failure(`${count} can't be fetched:\n${lines.join('\n')}`, {
    hint: "The indexes have them. Try again later, in case the mirror is just changing; or name another one in 'package-sources'. 'image-factory lock --no-fetch' makes a lock without them.",
  });
}

function answers({ locked, asked }: Gone): string[] {
  if (asked.length === 0) return [`  |   no archive of 'package-sources' is the suite ${locked.suite}`];
  return asked.map(({ place, answer }) => `  |   ${place}/${locked.path}: ${answer}`);
}
