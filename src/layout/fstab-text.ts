import type { FstabLine } from './layout.js';

/** A line of fstab(5), without the line break. */
export function fstabText({ device, mount, type, options, dump, pass }: FstabLine): string {
  return [device, mount, type, options.join(','), String(dump), String(pass)].map(escaped).join(' ');
}

/** Blanks, tabs, line breaks and backslashes stand as octal numbers. */
function escaped(word: string): string {
  return word.replace(/[ \t\n\\]/g, (letter) => `\\${letter.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
