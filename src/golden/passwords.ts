import { command, run, type Caller } from '../host/host.js';
import { findProgram } from '../host/programs.js';

export interface Account {
  readonly name: string;
  /** As shadow(5) has it. */
  readonly hash: string;
}

/** What images are shipped with, and what scanners try first. */
const words = [
  ...['', 'root', 'toor', 'admin', 'administrator', 'password', 'Password', 'passw0rd', 'pass', 'secret', 'changeme'],
  ...[
    '123456',
    '12345678',
    '1234',
    'qwerty',
    'letmein',
    'test',
    'demo',
    'guest',
    'user',
    'live',
    'default',
    'insecure',
  ],
  ...['debian', 'ubuntu', 'centos', 'rocky', 'almalinux', 'fedora', 'redhat', 'rhel', 'opensuse', 'suse', 'linux'],
  ...['vagrant', 'packer', 'cloud', 'installer', 'image', 'template', 'raspberry', 'alpine', 'arch'],
];

/** crypt(3) of this machine knows every method that a distribution uses; a word and a hash in, 1 or 0 out. */
const guess = `while (<STDIN>) { chomp; my ($word, $hash) = split /\\t/, $_, 2; my $made = crypt($word, $hash);
print defined $made && $made eq $hash ? "1\\n" : "0\\n" }`;

/** Which accounts have a password that is one of the words, their own name, or one of the names given. */
export async function guessedPasswords(
  host: Caller,
  accounts: readonly Account[],
  names: readonly string[],
): Promise<string[]> {
  if (accounts.length === 0) return [];
  if (findProgram('perl') === undefined) {
    host.log.warn('Passwords were not tried: perl is not installed');
    return [];
  }
  const tries = accounts.flatMap(({ name, hash }) =>
    [...new Set([...words, name, ...names])]
      .filter((word) => !/[\t\n]/.test(word))
      .map((word) => ({ name, line: `${word}\t${hash}\n` })),
  );
  const input = tries.map(({ line }) => line).join('');
  const { stdout } = await run(host, command('perl', ['-e', guess], { input }));
  const hits = stdout.split('\n');
  return [...new Set(tries.flatMap(({ name }, index) => (hits[index] === '1' ? [name] : [])))];
}
