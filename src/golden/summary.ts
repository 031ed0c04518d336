import type { Told } from './check.js';
import type { Level } from './rule.js';

/** Paths that are shown of what breaks one rule. */
const shownPaths = 8;

/** Findings for people, each rule once: its name and title, then what breaks it, then why that matters. Without indentation. */
export interface ShownRule {
  readonly level: Level;
  readonly heading: string;
  readonly places: readonly string[];
  readonly because: string;
}

export function byRule(findings: readonly Told[]): ShownRule[] {
  const names = [...new Set(findings.map(({ rule }) => rule))];
  return names.flatMap((name) => {
    const group = findings.filter(({ rule }) => rule === name);
    const [first] = group;
    if (first === undefined) return [];
    const places = group
      .slice(0, shownPaths)
      .map(({ path, detail }) => (detail === undefined ? path : `${path}: ${detail}`).replaceAll('\n', '\\n'));
    const more = group.length > shownPaths ? [`… and ${group.length - shownPaths} more`] : [];
    const { level, title, reason, source } = first;
    return {
      level,
      heading: `${name}: ${title}`,
      places: [...places, ...more],
      because: `because ${reason} (${source})`,
    };
  });
}

/** `2 errors, 1 warning`; `nothing` for none. */
export function counted(findings: readonly Told[]): string {
  const levels = ['error', 'warning', 'note'] as const;
  const counts = levels.flatMap((level) => {
    const count = findings.filter((finding) => finding.level === level).length;
    return count === 0 ? [] : [`${count} ${level}${count === 1 ? '' : 's'}`];
  });
  return counts.length > 0 ? counts.join(', ') : 'nothing';
}

/** Whether an image may be called golden: notes don't count. */
export function isGolden(findings: readonly Told[]): boolean {
  return findings.every(({ level }) => level === 'note');
}
