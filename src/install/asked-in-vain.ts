/**
 * The packages that an installer asked for, and its repository did not have: from what apt says in the installer's log. Sorted.
 */
export function askedInVain(log: string): string[] {
  const found = [
    ...log.matchAll(/\bE: Unable to locate package (\S+)/g),
    ...log.matchAll(/\bE: Package '?([^\s']+)'? has no installation candidate/g),
  ];
  return [...new Set(found.map(([, name = '']) => name))].sort();
}
