import { missingDisk, missingDiskMessage } from './disks.js';
import type { MeaningFinding } from './finding.js';

/** What YaST will not do as an AutoYaST profile means it (AutoYaST Guide, "General options" and "Partitioning"). */
export function autoyastFindings(text: string): MeaningFinding[] {
  const withoutComments = text.replace(/<!--.*?-->/gs, (comment) => comment.replace(/[^\n]/g, ' '));
  const findings = diskFindings(withoutComments, /<(?:ay:)?device\b[^>]*>\s*([^<\s]+)\s*</g, '<device>');
  const isWhole = /<(partitioning|software)\b/.test(withoutComments);
  const confirm = /<confirm\b[^>]*>\s*(\w+)\s*</.exec(withoutComments);
  // Without a word, YaST shows its proposal and waits for somebody to agree.
  if (!isWhole || confirm?.[1] === 'false') return findings;
  const line = confirm === null ? undefined : lineOf(withoutComments, confirm.index);
  const message = `the installer shows its proposal and waits: set <confirm config:type="boolean">false</confirm> in <general><mode>`;
  return [...findings, { line, message, weight: 'warning' }];
}

/** What subiquity will not do as its user-data means it (autoinstall configuration reference). */
export function autoinstallFindings(text: string): MeaningFinding[] {
  const lines = withoutYamlComments(text);
  const findings = diskFindings(lines, /^[ \t]*(?:-[ \t]+)?(?:\{[ \t]*)?["']?path["']?[ \t]*:[ \t]*["']?(\/dev\/[^\s"',}]+)/gm, 'path'); // prettier-ignore
  const match = diskFindings(lines, /match["']?[ \t]*:[ \t]*\{[^}\n]*path["']?[ \t]*:[ \t]*["']?(\/dev\/[^\s"',}]+)/g, 'path'); // prettier-ignore
  const interactive = /^[ \t]*["']?interactive-sections["']?[ \t]*:[ \t]*(\[[ \t]*[^\]\s]|\n[ \t]*-)/m.exec(lines);
  if (interactive === null) return [...findings, ...match];
  const message = 'interactive-sections: the installer asks there, and waits for an answer: leave it out';
  return [...findings, ...match, { line: lineOf(lines, interactive.index), message, weight: 'error' }];
}

/** What Agama will not do as its profile means it (Agama's profile.schema.json: `search`, and `disk` before it). */
export function agamaFindings(text: string): MeaningFinding[] {
  return diskFindings(text, /"(?:search|name|disk|device)"\s*:\s*"(\/dev\/[^"\s]+)"/g, 'search');
}

function diskFindings(text: string, setting: RegExp, name: string): MeaningFinding[] {
  return [...text.matchAll(setting)].flatMap((match): MeaningFinding[] => {
    const disk = missingDisk([match[1] ?? '']);
    if (disk === undefined) return [];
    const line = lineOf(text, match.index + match[0].length - 1);
    return [{ line, message: missingDiskMessage(name, disk), weight: 'error' }];
  });
}

function withoutYamlComments(text: string): string {
  return text.replace(/^([ \t]*)#.*$/gm, '$1');
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
