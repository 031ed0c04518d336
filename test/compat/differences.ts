import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programDirectory } from '../../src/host/program-directory.js';

/** A row of the tables in docs/migrating.md: how it was, how it is, why. */
export interface DifferenceRow {
  readonly before: string;
  readonly now: string;
  readonly reason: string;
}

/** What docs/migrating.md tells users of the deliberate differences. */
export function documentedDifferences(): DifferenceRow[] {
  const text = readFileSync(join(programDirectory, 'docs/migrating.md'), 'utf8');
  return text
    .slice(text.indexOf('## What differs'))
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\| (---|1\.0\.2) /.test(line))
    .map((line) => {
      const [before = '', now = '', reason = ''] = line
        .split(/(?<!\\)\|/)
        .slice(1)
        .map((cell) => cell.trim());
      return { before, now, reason };
    });
}

/**
 * What ours asks of virt-install beyond what the Python program asks, and why: all of it, and for every image. In
 * `documented` are words of the row in docs/migrating.md.
 */
export const addedToVirtInstall: Readonly<Record<string, { reason: string; documented: string }>> = {
  'osinfo detect': {
    reason: 'virt-install 4 refuses to start without it',
    documented: '`--osinfo detect=on,require=off`',
  },
  'osinfo require': { reason: 'an unknown distribution is no error', documented: '`--osinfo detect=on,require=off`' },
  'virt-type': { reason: 'a /dev/kvm that opens may hang the guest', documented: '`virt-type=auto`' },
  'cpu mode': {
    reason: 'RHEL 9 and its kin need more than the default in software',
    documented: '`--cpu mode=maximum,disable=erms`',
  },
  'cpu disable': {
    reason: 'emulation in software copies by `rep movsb` byte by byte',
    documented: '`--cpu mode=maximum,disable=erms`',
  },
  'extra-args norandmaps': {
    reason: 'emulation in software translates a library for each address again',
    documented: '`norandmaps`',
  },
  'disk cache': { reason: 'a build that dies is thrown away', documented: '`cache=unsafe,discard=unmap`' },
  'disk discard': { reason: 'mkfs punches holes in the disk', documented: '`cache=unsafe,discard=unmap`' },
  rng: { reason: 'guests without entropy wait for their first keys', documented: '`--rng builtin`' },
  serial: { reason: 'the console is kept in a file', documented: '.console.log' },
  'serial log.file': { reason: 'the console is kept in a file', documented: '.console.log' },
  'serial log.append': { reason: "an earlier build's console is not this one's", documented: '.console.log' },
};

/** Fails unless users are told of a difference, and why: some row of the tables has these words. */
export function expectDocumented(words: string): void {
  const rows = documentedDifferences().filter(({ before, now }) => `${before} ${now}`.includes(words));
  if (!rows.some(({ reason }) => reason !== '')) {
    throw new Error(`docs/migrating.md has no difference, with its reason, that says: ${words}`);
  }
}
