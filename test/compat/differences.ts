import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { programDirectory } from '../../src/host/program-directory.js';
import type { Both } from './both-programs.js';
import { installationOf } from './recorded-commands.js';

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

/** What ours asks of virt-install in addition, why, and words of the row in docs/migrating.md. */
interface Addition {
  readonly value: RegExp;
  readonly reason: string;
  readonly documented: string;
}

/** What ours asks of virt-install beyond what the Python program asks, where both run without KVM: all of it. */
export const addedToVirtInstall: Readonly<Record<string, Addition>> = {
  'osinfo detect': {
    value: /^on$/,
    reason: 'virt-install 4 refuses to start without it',
    documented: '`--osinfo detect=on,require=off`',
  },
  'osinfo require': {
    value: /^off$/,
    reason: 'an unknown distribution is no error',
    documented: '`--osinfo detect=on,require=off`',
  },
  'virt-type': {
    value: /^qemu$/,
    reason: 'a /dev/kvm that opens may hang the guest',
    documented: '`virt-type=auto`',
  },
  arch: {
    value: /^x86_64$/,
    reason: "the guest's architecture is the image's, never the builder's",
    documented: '`--arch x86_64`',
  },
  'cpu mode': {
    value: /^maximum$/,
    reason: 'RHEL 9 and its kin need more than the default in software',
    documented: '`--cpu mode=maximum,disable=erms`',
  },
  'cpu disable': {
    value: /^erms$/,
    reason: 'emulation in software copies by `rep movsb` byte by byte',
    documented: '`--cpu mode=maximum,disable=erms`',
  },
  // Between the arguments that name the answer file and those of `append`.
  'extra-args norandmaps': {
    value: /^behind (preseed\/url|ks)=file:/,
    reason: 'emulation in software translates a library for each address again',
    documented: '`norandmaps`',
  },
  'extra-args no_timer_check': {
    value: /^behind norandmaps$/,
    reason: 'a kernel on a busy builder takes an emulated timer for broken, and panics',
    documented: '`no_timer_check`',
  },
  'disk cache': {
    value: /^unsafe$/,
    reason: 'a build that dies is thrown away',
    documented: '`cache=unsafe,discard=unmap`',
  },
  'disk discard': {
    value: /^unmap$/,
    reason: 'mkfs punches holes in the disk',
    documented: '`cache=unsafe,discard=unmap`',
  },
  rng: {
    value: /^builtin$/,
    reason: 'guests without entropy wait for their first keys',
    documented: '`--rng builtin`',
  },
  location: {
    value: /^\.\/\.[^/]+-DATE[^/]*\.build\/netboot(\/netinst\.iso)?$/,
    reason: 'the files that were verified are those that are used',
    documented: 'virt-install reads links in the work directory',
  },
  serial: { value: /^pty$/, reason: 'the console is kept in a file', documented: '.console.log' },
  'serial log.file': {
    value: /^\.\/[^/]+-DATE\.console\.log$/,
    reason: 'the console is kept in a file',
    documented: '.console.log',
  },
  'serial log.append': {
    value: /^off$/,
    reason: "an earlier build's console is not this one's",
    documented: '.console.log',
  },
};

/**
 * Fails unless ours asks of virt-install what the Python program asks, and the additions, and nothing else. The section
 * must have `virt-type = qemu`: whether this machine has KVM changes nothing for the comparison.
 */
export function expectSameInstallation({ python, ours }: Both): void {
  const asked = installationOf(python);
  const found = installationOf(ours);
  // Ours reads the same files by other names.
  delete asked.location;
  // YaST would hand it on to the installed system.
  const isYast = (asked['extra-args'] as string[]).some((word) => word.startsWith('autoyast='));
  for (const [what, { value }] of Object.entries(addedToVirtInstall)) {
    if (what.startsWith('extra-args ') && isYast) continue;
    expect(found[what], `${what} of ${asked.name as string}`).to.match(value);
    delete found[what];
  }
  expect(found, asked.name as string).to.deep.equal(asked);
}

/** Fails unless users are told of a difference, and why: some row of the tables has these words. */
export function expectDocumented(words: string): void {
  const rows = documentedDifferences().filter(({ before, now }) => `${before} ${now}`.includes(words));
  if (!rows.some(({ reason }) => reason !== '')) {
    throw new Error(`docs/migrating.md has no difference, with its reason, that says: ${words}`);
  }
}
