import { homedir } from 'node:os';

/** The user's home directory; undefined where neither HOME nor the password database tells it, as in many containers. */
export function homeDirectory(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** The same, for what begins with `~`. @throws Error saying what to do, where there is none */
export function expectHome(): string {
  const home = homeDirectory();
  if (home === undefined) throw new Error('a name without ~: this user has no home directory (set HOME)');
  return home;
}
