import { offset, size } from '../../test/support/sudo-helper.js';
import type { Machine } from './machine.js';

/** What can be asked of a helper, in words. */
export interface Language {
  /** Where the attacker puts what he names to the helper: a prefix of paths. */
  readonly door: string;
  /** All lists of arguments that ask the helper to do something with a path. */
  readonly requests: (path: string) => string[][];
  /** A list of each form, for what has to do with the form alone. */
  readonly forms: (path: string) => string[][];
}

const place = [String(offset), String(size)];

export const languages = {
  /** image-factory-sudo-helper(1) of this project. */
  ours: ({ home }: Machine): Language => ({
    door: `${home}/image-factory.`,
    requests: (path) => [
      ['clean', path, ...place, '/', '/'],
      ['clean', path, ...place, '/var', '/'],
      ['logs', path, ...place, '/', '/'],
      ['trim', path, ...place],
      ['subvolumes', path, ...place],
      ['records', path, ...place, '/', '/'],
      ['cat', path, ...place, '/', '/', '/var/log/installer/syslog'],
      ['cat', path, ...place, '/', '/', '/root/anaconda-ks.cfg'],
      ['read', path, ...place, '/', '/', '/etc/os-release'],
      ['wipe', path, ...place, '/', '/', '/var/log/installer/syslog'],
      ['clean', path, '0', String(size), '/', '/'],
    ],
    forms: (path) => [
      ['clean', path, ...place, '/', '/'],
      ['cat', path, ...place, '/', '/', '/var/log/installer/syslog'],
    ],
  }),
  /** image-factory-sudo-helper(1) of image-factory 1. */
  theirs: ({ hostileLoop }: Machine): Language => ({
    door: '/tmp/image-factory.',
    requests: (path) => [
      ['mount', hostileLoop, path],
      ['chmod', 'o+rwx', path],
      ['chmod', '-R', 'o+rwx', path],
      ['umount', path],
    ],
    forms: (path) => [
      ['mount', hostileLoop, path],
      ['chmod', '-R', 'o+rwx', path],
    ],
  }),
} as const;

export type LanguageName = keyof typeof languages;
