import { homedir } from 'node:os';

/** The user's home directory; undefined where neither HOME nor the password database tells it, as in many containers. */
export function homeDirectory(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
