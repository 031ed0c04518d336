import type { Source } from '../config/source.js';
import { Failure } from '../host/failure.js';
import type { ChecksumList } from './checksum-list.js';

/** Milliseconds by which the clock here may be slow against that of the archive. */
const CLOCK_TOLERANCE = 24 * 60 * 60 * 1000;

/** Whether a text is the Release file of a Debian archive, rather than a checksum list. */
export function isReleaseFile(text: string): boolean {
  return /^SHA256:[ \t]*$/m.test(text);
}

/**
 * Reads the SHA-256 sums of a Release or InRelease file (deb822 fields; https://wiki.debian.org/DebianRepository/Format).
 * Its paths are relative to its own directory.
 *
 * @param text what was signed, and only that
 * @throws Failure if it is of another suite than its URI says, or not valid at this time: then somebody may be giving
 *   an old installer for today's
 */
export function readReleaseFile(source: Source, text: string, now = new Date()): ChecksumList {
  const lines = text.split(/\r?\n/);
  const field = (name: string) =>
    lines
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const wrong = (why: string, hint: string) => new Failure(`checksums-signature: ${source.shown} ${why}`, { hint });

  const suite = /\/dists\/([^/]+)\/[^/]+$/.exec(source.location.path)?.[1];
  const names = [field('Suite'), field('Codename')];
  if (suite !== undefined && !names.includes(suite)) {
    throw wrong(`is not of ${suite}, but of ${names.filter(Boolean).join(', ') || 'no suite'}`, 'Use another mirror.');
  }
  const validUntil = field('Valid-Until');
  if (validUntil !== undefined && !(Date.parse(validUntil) >= now.getTime())) {
    throw wrong(
      `was valid until ${validUntil}`,
      "The mirror is outdated, or this machine's clock is wrong. Check the clock, or use another mirror.",
    );
  }
  const date = field('Date');
  if (date !== undefined && !(Date.parse(date) <= now.getTime() + CLOCK_TOLERANCE)) {
    throw wrong(`is of ${date}, which is in the future`, "Check this machine's clock.");
  }
  return { source, sums: sumsOf(lines) };
}

function sumsOf(lines: readonly string[]): ChecksumList['sums'] {
  const section = lines.slice(lines.findIndex((line) => /^SHA256:\s*$/.test(line)) + 1);
  const next = section.findIndex((line) => !line.startsWith(' '));
  return (next === -1 ? section : section.slice(0, next)).flatMap((line) => {
    const [, sum, path] = /^ ([0-9a-f]{64}) +\d+ (\S+)$/i.exec(line) ?? [];
    return sum && path ? [{ path, algorithm: 'sha256', sum: sum.toLowerCase() }] : [];
  });
}
