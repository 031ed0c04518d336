import { homedir } from 'node:os';

/** The user's home directory; undefined if neither HOME nor the password database has it, as in many containers. */
export function homeDirectory(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** The same, for a name that begins with `~`. @throws Error that says what to do if there is none */
export function expectHome(): string {
  const home = homeDirectory();
  if (home === undefined) throw new Error('a name without ~: this user has no home directory (set HOME)');
  return home;
}
