import { inHomes } from '../homes.js';
import { guessedPasswords } from '../passwords.js';
import type { Finding, Rule } from '../rule.js';

const shadow = '/etc/shadow';
const passwd = '/etc/passwd';
const names = ['/etc/hostname', '/etc/os-release', '/usr/lib/os-release'];
const sudoers = ['/etc/sudoers', '/etc/sudoers.d/*', '/usr/etc/sudoers'];
const sshd = ['/etc/ssh/sshd_config', '/etc/ssh/sshd_config.d/*.conf', '/usr/etc/ssh/sshd_config'];
const keys = [...inHomes('.ssh/authorized_keys', '.ssh/authorized_keys2'), '/etc/ssh/authorized_keys/*'];

/** Who gets in, and what they may do. Never repaired: a lock that you did not ask for keeps you out. */
export const accountRules: readonly Rule[] = [
  {
    name: 'empty-password',
    group: 'accounts',
    level: 'error',
    title: 'Accounts without a password',
    reason: 'who reaches a console, or a login over the network, gets in',
    source: 'shadow(5), "encrypted password"; passwd(5)',
    looks: [passwd, shadow],
    reads: [passwd, shadow],
    find: (system): Finding[] =>
      [shadow, passwd].flatMap((path) =>
        system.lines([path]).flatMap(({ text }) => {
          const [name = '', password] = text.split(':');
          return password === '' && name !== '' && !/^[+-]/.test(name) ? [{ path, detail: name }] : [];
        }),
      ),
  },
  {
    name: 'well-known-password',
    group: 'accounts',
    level: 'error',
    title: "Passwords that everybody tries first: the account's name, the distribution's, *password* and its kin",
    reason: 'scanners log in within minutes after a clone got its address',
    source: 'CWE-1392, "Use of Default Credentials"; crypt(5)',
    looks: [shadow, ...names],
    reads: [shadow, ...names],
    find: async (system, host): Promise<Finding[]> => {
      const accounts = system.lines([shadow]).flatMap(({ text }) => {
        const [name = '', hash = ''] = text.split(':');
        return /^[$_a-zA-Z0-9./]/.test(hash) && hash.length > 8 ? [{ name, hash }] : [];
      });
      const hostNames = system.lines(['/etc/hostname']).map(({ text }) => text.split('.')[0] ?? '');
      const id = system.lines(names).flatMap(({ text }) => /^ID="?([\w.-]+)/.exec(text)?.[1] ?? []);
      const guessed = await guessedPasswords(host, accounts, [...hostNames, ...id]);
      return guessed.map((detail) => ({ path: shadow, detail }));
    },
  },
  {
    name: 'ssh-empty-passwords',
    group: 'accounts',
    level: 'error',
    title: 'An SSH server that takes empty passwords',
    reason: 'an account without a password is then open to the network',
    source: 'sshd_config(5), PermitEmptyPasswords',
    looks: sshd,
    reads: sshd,
    find: (system): Finding[] =>
      system
        .lines(sshd)
        .filter(({ text }) => /^PermitEmptyPasswords\s+yes\b/i.test(text))
        .map(({ path, text }) => ({ path, detail: text })),
  },
  {
    name: 'authorized-keys',
    group: 'accounts',
    level: 'note',
    title: 'SSH keys that let somebody in',
    reason: 'their owners get into every clone',
    source: 'sshd(8), "AUTHORIZED_KEYS FILE FORMAT"',
    looks: keys,
    reads: keys,
    find: (system): Finding[] =>
      system.files(keys).map((path) => {
        const count = system.lines([path]).length;
        return { path, detail: count === 1 ? '1 key' : `${count} keys` };
      }),
  },
  {
    name: 'sudo-without-password',
    group: 'accounts',
    level: 'note',
    title: 'Users that become root without a password',
    reason: 'who gets in as one of them is root',
    source: 'sudoers(5), NOPASSWD',
    looks: sudoers,
    reads: sudoers,
    find: (system): Finding[] =>
      system
        .lines(sudoers)
        .filter(({ text }) => /\bNOPASSWD\s*:|!authenticate\b/.test(text))
        .map(({ path, text }) => ({ path, detail: text.slice(0, 120) })),
  },
  {
    name: 'world-writable',
    group: 'accounts',
    level: 'error',
    title: 'Configuration that every user may write',
    reason: 'any account, or any service that is broken into, becomes root',
    source: 'CIS Benchmarks, "Ensure world writable files and directories are secured"',
    looks: ['/etc/**'],
    repair: 'the permission is taken away',
    find: (system): Finding[] =>
      system
        .matching(['/etc/**'])
        .filter(
          ({ kind, mode }) => (mode & 0o2) !== 0 && (kind === 'file' || (kind === 'directory' && !(mode & 0o1000))),
        )
        .map(({ path, mode, kind }) => ({
          path,
          detail: mode.toString(8),
          ...(kind === 'file' && { repair: [{ kind: 'mode', path, mode: mode & ~0o2 }] }),
        })),
  },
];
