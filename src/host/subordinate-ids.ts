import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { findProgram } from './programs.js';

/** What this user lacks for files of other owners in layers, and the fix; undefined if nothing. */
export function missingForSubordinateIds(): { readonly what: string; readonly fix: string } | undefined {
  if (findProgram('newuidmap') === undefined)
    return { what: 'newuidmap is not installed', fix: 'apt-get install uidmap' };
  const { username, uid } = userInfo();
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    if (!hasLine(file, [username, `${uid}`])) {
      const option = file === '/etc/subuid' ? '--add-subuids' : '--add-subgids';
      return {
        what: `${file} has no subordinate ids of ${username}`,
        fix: `as root: usermod ${option} 100000-165535 ${username}, or another range that is free`,
      };
    }
  }
  return undefined;
}

function hasLine(file: string, owners: readonly string[]): boolean {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => owners.includes(line.split(':')[0] ?? ''));
  } catch {
    return false;
  }
}
