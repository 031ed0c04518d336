import { spawn } from 'node:child_process';
import { chmodSync, lchownSync, linkSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { must, type Called } from '../../test/support/sudo-helper.js';
import type { Language } from './language.js';
import { attacker, leftovers, type Call, type Machine } from './machine.js';
import { randomList, randomNumbers } from './random.js';

/** How much of what never ends by itself. */
export interface Extent {
  readonly seed: number;
  /** One in how many of the systematic calls is made, the seed tells which. */
  readonly oneIn: number;
  /** Calls while paths are swapped. */
  readonly races: number;
  /** Random lists of arguments, given to the helper as sudo would do it. */
  readonly randomLists: number;
  /** Random lists of arguments, given to the helper by sudo. */
  readonly randomListsBySudo: number;
}

/** One try. It says what the attacker got to see. */
export type Attack = () => Called[];

/** What attacks are made with: a machine, both helpers' languages, and the one that the attacked helper speaks. */
export interface Means extends Extent {
  readonly machine: Machine;
  readonly language: Language;
  /** The languages of all helpers: what one refuses, another might do. */
  readonly all: readonly Language[];
}

/** Attacks by kind, made one after the other: each prepares what it needs at the moment of its try. */
export const corpus = {
  'symbolic links at each component': symbolicLinks,
  'swapped paths': swappedPaths,
  '`..`, empty and odd components': oddComponents,
  'control characters, NUL, globs, shell words': nastyWords,
  'smuggled options, joined and split words': smuggledWords,
  'long arguments': longArguments,
  "root's files and other devices": othersFiles,
  'files posing as devices': poses,
  'mounting over busy directories': busyDirectories,
  'unmounting what is not ours': foreignMounts,
  environment,
  'hostile file systems': hostileFileSystems,
  'random arguments': randomArguments,
} as const satisfies Record<string, (means: Means) => Iterable<Attack>>;

export type Kind = keyof typeof corpus;

/** Kinds that never end by themselves. All others are systematic. */
export const withExtentsOfTheirOwn: readonly Kind[] = ['swapped paths', 'random arguments'];

function* symbolicLinks({ machine, language: { door, requests } }: Means): Generator<Attack> {
  const names = [`${door}links`, 'a', 'b', 'c', 'disk.raw'];
  const ways = [
    (target: string) => target,
    (target: string) => `../../../../../../../..${target}`,
    (target: string) => `/proc/self/root${target}`,
    (target: string) => own(symlinkTo(target, join(machine.home, `step-${Math.random()}`))),
  ];
  for (const [index] of names.entries()) {
    for (const way of ways) {
      for (const depth of [names.length, names.length - 1]) {
        if (depth <= index) continue;
        for (const list of requests(names.slice(0, depth).join('/'))) {
          yield () => {
            rmSync(names[0]!, { recursive: true, force: true });
            const link = names.slice(0, index + 1).join('/');
            mkdirSync(dirname(link), { recursive: true });
            own(symlinkTo(way(join(machine.tree, ...names.slice(1, index + 1))), link));
            if (index > 0) ownAll(names[0]!);
            return [machine.sudo({ args: list })];
          };
        }
      }
    }
  }
}

function* swappedPaths({ machine, language: { door, requests }, races }: Means): Generator<Attack> {
  const arena = `${door}race`;
  mkdirSync(join(arena, 'mine'), { recursive: true });
  linkSync(machine.own, join(arena, 'disk.raw'));
  linkSync(machine.own, join(arena, 'mine/disk.raw'));
  symlinkSync(machine.foreign, join(arena, 'evil'));
  symlinkSync(join(machine.tree, 'directory'), join(arena, 'directory'));
  symlinkSync(join(machine.tree, 'a'), join(arena, 'evil-a'));
  mkdirSync(join(arena, 'a/b/c'), { recursive: true });
  linkSync(machine.own, join(arena, 'a/b/c/disk.raw'));
  ownAll(arena);
  const pairs = ['disk.raw', 'evil', 'mine', 'directory', 'a', 'evil-a'].map((name) => join(arena, name));
  const options = { uid: attacker.uid, gid: attacker.uid, stdio: 'inherit' } as const;
  const swapper = spawn('/usr/bin/perl', ['-e', swapping, ...pairs], options);
  try {
    const paths = ['disk.raw', 'directory/disk.raw', 'a/b/c/disk.raw'];
    for (let tries = 0; tries < races; tries++) {
      const lists = requests(join(arena, paths[tries % paths.length]!));
      yield () => [machine.sudo({ args: lists[Math.floor(tries / paths.length) % lists.length]! })];
    }
  } finally {
    swapper.kill('SIGKILL');
  }
}

/** Exchanges the two paths of each pair at random moments, so that there is always one or the other. */
const swapping = `
  my $number = { x86_64 => 316, aarch64 => 276, ppc64le => 357, s390x => 347, riscv64 => 276 }->{\`uname -m\` =~ s/\\n//r};
  while (getppid() > 1) {
    my $pair = 2 * int rand(@ARGV / 2);
    my ($one, $other) = @ARGV[$pair, $pair + 1];
    if (!defined $number || syscall($number, -100, $one, -100, $other, 2) != 0) {
      rename $one, "$one.x"; rename $other, $one; rename "$one.x", $other;
    }
    select undef, undef, undef, rand 0.004;
  }
`;

function* oddComponents({ machine, language: { door, requests } }: Means): Generator<Attack> {
  mkdirSync(`${door}odd/a`, { recursive: true });
  own(symlinkTo(join(machine.tree, 'a'), `${door}odd/link`));
  ownAll(`${door}odd`);
  const up = '../'.repeat(8);
  const paths = [
    `${door}odd/${up}${machine.foreign}`,
    `${door}odd/a/${up}${machine.secretFile}`,
    `${door}/${up}${machine.tree}`,
    `${door}./${up}${machine.tree}`,
    `${door}../${up}${machine.tree}`,
    `${door}odd/link/../../directory/disk.raw`,
    `${door}odd/link/b/../../directory`,
    `${door}odd/./link/./b`,
    `${door}odd//link//b//c//disk.raw`,
    `${door}odd/link/b/c/disk.raw/`,
    `${door}odd/link/b/c/disk.raw/.`,
    `${door}odd/...`,
    `/proc/self/root${machine.foreign}`,
    `/proc/self/cwd${machine.foreign}`,
    `/dev/fd/0`,
    '/..',
    '/',
    '.',
    '..',
    '',
    machine.foreign.slice(1),
  ];
  for (const path of paths) for (const args of requests(path)) yield () => [machine.sudo({ args })];
}

function* nastyWords({ machine, language: { door, forms } }: Means): Generator<Attack> {
  const mark = `touch ${machine.marker}/ran`;
  const nasty = [
    '\n',
    `\n${machine.foreign}`,
    '\0',
    `\0${machine.foreign}`,
    '\r',
    '\t',
    ' ',
    '\x1b[2J',
    '\x7f',
    '\xff\xfe',
    '\xc0\xaf',
    '*',
    '?',
    '[a-z]*',
    '{,x}',
    '~root',
    '\\',
    "'",
    '"',
    '%s%n',
    `$(${mark})`,
    `\`${mark}\``,
    `;${mark};`,
    `|${mark}`,
    `&&${mark}&&`,
    `\n${mark}\n`,
    `<(${mark})`,
    `a[$(${mark})]`,
    `a[\`${mark}\`]+1`,
    `PWD[$(${mark})]`,
    `x=$(${mark})`,
    '0x10',
    '1e3',
    '08',
    '-512',
    '9'.repeat(40),
    'size',
    'SUDO_UID',
    '$SUDO_UID',
    '1 + 1',
  ];
  own(symlinkTo(machine.tree, `${door}words`));
  for (const list of forms(`${door}words`)) {
    for (const index of list.keys()) {
      for (const word of nasty) {
        for (const spoilt of [word, `${list[index]!}${word}`]) {
          yield () => [machine.sudo({ args: list.with(index, spoilt) })];
        }
      }
    }
  }
}

function* smuggledWords({ machine, language: { door, forms }, all }: Means): Generator<Attack> {
  own(symlinkTo(machine.tree, `${door}smuggled`));
  const options = [
    ...[
      '--',
      '-',
      '-R',
      '-c',
      '-p',
      '-o',
      '-orw,suid,dev',
      '-obind',
      '--bind',
      '--help',
      '--version',
      '-i',
      '-s',
      '-l',
    ],
    ...['-a', '--all', '-f', '-n', '--target', '--reference=/', `--reference=${machine.secretFile}`, '+x', 'remount'],
    ...[
      '--make-shared',
      '--move',
      '-t',
      'overlay',
      '-N1',
      '-N/proc/1/ns/mnt',
      '--fstab=/tmp/home/fstab',
      '--options-mode=prepend',
    ],
  ];
  for (const list of forms(`${door}smuggled`)) {
    for (const option of options) {
      for (const index of [...list.keys(), list.length])
        yield () => [machine.sudo({ args: list.toSpliced(index, 0, option) })];
    }
  }
  // Words that look right only when they are read as one line: what runs is then a file of the attacker's.
  const cwd = join(machine.home, 'programs');
  for (const list of all.flatMap((language) => language.requests(`${language.door}smuggled`))) {
    for (let joined = 2; joined <= list.length; joined++) {
      const args = [list.slice(0, joined).join(' '), ...list.slice(joined)];
      // No file has such a name, so none can run.
      if (args[0]!.endsWith('/')) continue;
      yield () => {
        const file = join(cwd, args[0]!);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, `#!/bin/sh\ntouch ${machine.marker}/ran\n`);
        chmodSync(file, 0o755);
        const called = [machine.sudo({ args, cwd })];
        rmSync(cwd, { recursive: true });
        return called;
      };
    }
    yield () => [machine.sudo({ args: [list.join('\n')] })];
    yield () => [machine.sudo({ args: list.flatMap((word) => word.split(/(?<=\/)/)) })];
  }
}

function* longArguments({ machine, language: { door, forms } }: Means): Generator<Attack> {
  for (const length of [255, 256, 4095, 4096, 65_536, 131_000, 131_072]) {
    for (const unit of ['x', 'x/', '/', '../', './', '\xff']) {
      const tail = unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
      for (const args of forms(`${door}${tail}`)) yield () => [machine.sudo({ args })];
    }
  }
  for (const count of [10, 1000, 10_000]) {
    for (const list of forms(door)) {
      yield () => [machine.sudo({ args: Array.from({ length: count }, (_, index) => list[index % list.length]!) })];
    }
  }
}

function* othersFiles({ machine, language: { door, requests }, all }: Means): Generator<Attack> {
  const loops = readdirSync('/dev').filter((name) => /^loop\d+$/.test(name) && Number(name.slice(4)) < 8);
  const devices = [
    machine.foreignLoop,
    ...loops.map((name) => `/dev/${name}`),
    '/dev/loop-control',
    '/dev/null',
    '/dev/zero',
  ];
  const files = [
    machine.foreign,
    machine.secretFile,
    machine.tree,
    machine.busy,
    '/etc/shadow',
    '/proc/self/mem',
    '/proc/1/root',
  ];
  for (const path of [...devices, ...files]) {
    for (const args of all.flatMap((language) => language.requests(path))) yield () => [machine.sudo({ args })];
  }
  // The older helper takes the number of any loop device, and shows what is on it to any caller.
  mkdirSync(`${door}other`, { recursive: true });
  ownAll(`${door}other`);
  for (const device of [machine.foreignLoop, '/dev/loop', '/dev/loop/', '/dev/loop-1']) {
    for (const list of requests(`${door}other`)) {
      const args = list.map((word) => (word === machine.hostileLoop ? device : word));
      yield () => [machine.sudo({ args })];
    }
  }
}

function* poses({ machine, language: { door, requests } }: Means): Generator<Attack> {
  const [major = '', minor = ''] = must('lsblk', '--noheadings', '--raw', '--output', 'MAJ:MIN', machine.foreignLoop)
    .trim()
    .split(':');
  const poses: Record<string, (file: string) => void> = {
    'empty file': (file) => writeFileSync(file, ''),
    'large file of no file system': (file) => void must('truncate', '--size=302M', file),
    fifo: (file) => void must('mkfifo', '-m', '666', file),
    'block device': (file) => void must('mknod', '-m', '666', file, 'b', major, minor),
    'character device': (file) => void must('mknod', '-m', '666', file, 'c', '1', '5'),
    directory: (file) => mkdirSync(file),
    'link to a device': (file) => symlinkSync(machine.foreignLoop, file),
    socket: (file) =>
      void must('perl', '-MIO::Socket::UNIX', '-e', `IO::Socket::UNIX->new(Local => shift, Listen => 1)`, file),
  };
  for (const name of ['poses', 'loop0']) {
    for (const make of Object.values(poses)) {
      const lists = requests(`${door}${name}`);
      for (const args of [...lists, ...lists.map((list) => list.map((word) => word.replace('/dev/', door)))]) {
        yield () => {
          rmSync(`${door}${name}`, { recursive: true, force: true });
          make(`${door}${name}`);
          own(`${door}${name}`);
          return [machine.sudo({ args })];
        };
      }
    }
  }
}

function* busyDirectories(means: Means): Generator<Attack> {
  const { machine } = means;
  const worker = spawn('/bin/sleep', ['600'], { cwd: machine.busy, stdio: 'ignore' });
  try {
    yield* atPlaces(means, [machine.busy, machine.tree, join(machine.tree, 'var/log')]);
  } finally {
    worker.kill('SIGKILL');
  }
}

function foreignMounts(means: Means): Generator<Attack> {
  return atPlaces(means, [
    means.machine.mounted,
    join(means.machine.mounted, '..', 'mounted'),
    `${means.machine.mounted}/`,
  ]);
}

/** Asks every helper's requests for a place: by its name, and by links in a directory of the attacker's. */
function* atPlaces({ machine, language: { door }, all }: Means, places: readonly string[]): Generator<Attack> {
  mkdirSync(`${door}places`, { recursive: true });
  own(`${door}places`);
  for (const [index, place] of places.entries()) {
    const link = own(symlinkTo(place, `${door}places/${index}`));
    const lists = all.flatMap(({ requests }) => [place, link, `${door}places/../..${place}`].flatMap(requests));
    for (const args of lists) yield () => [machine.sudo({ args })];
  }
}

function* environment({ machine, language: { door, requests } }: Means): Generator<Attack> {
  const { home, marker } = machine;
  const script = join(home, 'script');
  writeFileSync(script, `[ "$(id -u)" != 0 ] || touch ${marker}/ran\n`);
  const programs = join(home, 'bin');
  mkdirSync(programs, { recursive: true });
  for (const program of [
    'mount',
    'umount',
    'chmod',
    'od',
    'stat',
    'env',
    'bash',
    'find',
    'readlink',
    'unshare',
    'touch',
  ]) {
    writeFileSync(join(programs, program), `#!/bin/sh\n/usr/bin/touch ${marker}/ran\n`, { mode: 0o755 });
  }
  const profiler = must('find', '/usr/lib', '-name', 'libpcprofile.so').split('\n')[0] || 'libpcprofile.so';
  const run = `() { /usr/bin/touch ${marker}/ran; }`;
  const variables: Record<string, string>[] = [
    // bash(1)
    ...['BASH_ENV', 'ENV', 'INPUTRC', 'HISTFILE', 'BASH_STARTUP', 'MAIL', 'MAILPATH'].map((name) => ({
      [name]: script,
    })),
    ...['PS0', 'PS1', 'PS4', 'PROMPT_COMMAND', 'BASH_COMMAND'].map((name) => ({ [name]: `$(touch ${marker}/ran)` })),
    { SHELLOPTS: 'xtrace', PS4: `$(/usr/bin/touch ${marker}/ran)` },
    { SHELLOPTS: 'noexec' },
    { SHELLOPTS: 'allexport:xtrace:verbose', BASH_XTRACEFD: '1' },
    { BASHOPTS: 'extdebug:nocasematch:extglob' },
    ...['mount', 'exec', 'test', 'printf', 'refuse', 'cd', 'umask', '[', '[[', 'trap', 'echo', '/usr/bin/env'].map(
      (name) => ({
        [`BASH_FUNC_${name}%%`]: run,
      }),
    ),
    { IFS: '/' },
    { IFS: '0123456789' },
    { PATH: `${programs}:/usr/bin:/bin` },
    { CDPATH: home, GLOBIGNORE: '*', POSIXLY_CORRECT: '1', TMOUT: '1', BASH_COMPAT: '31' },
    { EXECIGNORE: '*', BASH_LOADABLES_PATH: home, FIGNORE: '', OPTIND: '0', OPTERR: '0' },
    // ld.so(8)
    { LD_PRELOAD: profiler, PCPROFILE_OUTPUT: join(marker, 'profile') },
    { LD_AUDIT: profiler, PCPROFILE_OUTPUT: join(marker, 'profile') },
    { LD_PRELOAD: script },
    { LD_LIBRARY_PATH: home },
    { LD_DEBUG: 'all', LD_DEBUG_OUTPUT: join(marker, 'ld') },
    { LD_PROFILE: 'libc.so.6', LD_PROFILE_OUTPUT: marker },
    { LD_ORIGIN_PATH: home, LD_BIND_NOW: '1', LD_DYNAMIC_WEAK: '1', LD_SHOW_AUXV: '1', LD_USE_LOAD_BIAS: '1' },
    { GLIBC_TUNABLES: 'glibc.malloc.mxfast=glibc.malloc.mxfast=A', MALLOC_CHECK_: '3', MALLOC_PERTURB_: '170' },
    {
      MALLOC_TRACE: join(marker, 'trace'),
      MALLOC_ARENA_MAX: '1',
      MALLOC_TOP_PAD_: '1',
      MEMUSAGE_OUTPUT: join(marker, 'usage'),
    },
    // libc
    { GCONV_PATH: home, CHARSET: 'X' },
    { LOCPATH: home, LC_ALL: 'xx_XX.UTF-8', LANGUAGE: '../../home' },
    {
      NLSPATH: join(home, '%N'),
      TZ: `:${script}`,
      TZDIR: home,
      HOSTALIASES: script,
      LOCALDOMAIN: 'x',
      RES_OPTIONS: 'debug',
    },
    { TMPDIR: marker, TMP: marker, TEMP: marker, HOME: home, GETCONF_DIR: home, RESOLV_HOST_CONF: script },
    // util-linux, file systems and their tools
    {
      LIBMOUNT_FSTAB: script,
      LIBMOUNT_MTAB: join(marker, 'mtab'),
      LIBMOUNT_UTAB: join(marker, 'utab'),
      LIBMOUNT_DEBUG: 'all',
    },
    { LIBMOUNT_FORCE_MOUNT2: 'always', LIBBLKID_DEBUG: 'all', BLKID_FILE: join(marker, 'blkid'), BLKID_CONF: script },
    { LOOPDEV_DEBUG: 'all', LIBSMARTCOLS_DEBUG: 'all', UL_DEBUG: 'all', ULPATH_DEBUG: 'all' },
    {
      XFS_DEBUG: '1',
      BTRFS_PROGS_DEBUG: '1',
      MKE2FS_CONFIG: script,
      E2FSCK_CONFIG: script,
      DEBUGFS_PAGER: script,
      PAGER: script,
    },
    // What the helpers themselves read
    { OUTER_NAMESPACE: 'mnt:[1]' },
    { OUTER_NAMESPACE: 'mnt:[1]', SUDO_UID: '0' },
    { SUDO_UID: '0', SUDO_GID: '0', SUDO_USER: 'root', SUDO_COMMAND: script, USER: 'root', LOGNAME: 'root' },
    { SUDO_UID: 'a[$(/usr/bin/touch /tmp/marker/ran)]', DRYRUN: '1' },
    { DRYRUN: '1', 'BASH_FUNC_echo%%': run },
    {
      EDITOR: script,
      VISUAL: script,
      SUDO_ASKPASS: script,
      PYTHONPATH: home,
      PERL5OPT: '-d',
      NODE_OPTIONS: `--require=${script}`,
    },
  ];
  own(symlinkTo(machine.tree, `${door}environment`));
  const requested = [...requests(`${door}environment`).slice(0, 1), ...requests(machine.foreign).slice(0, 1)];
  for (const env of variables) {
    const names = Object.keys(env);
    const assigned = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    for (const args of requested) {
      yield () => [machine.sudo({ args, env })];
      yield () => [machine.sudo({ args, options: assigned })];
      yield () => [machine.sudo({ args, env, options: [`--preserve-env=${names.join(',')}`] })];
      yield () => [machine.sudo({ args, env, options: ['--preserve-env'] })];
    }
  }
  const others = [
    ['--chdir=/tmp/home'],
    ['--login'],
    ['--shell'],
    ['--set-home'],
    ['--user=#0'],
    ['--user=#-1'],
    ['--close-from=3'],
  ];
  for (const options of [...others, ['--group=root'], ['--host=localhost'], ['--role=x'], ['--edit']]) {
    for (const args of requested) yield () => [machine.sudo({ args, options })];
  }
}

function* hostileFileSystems({ machine, language: { door, requests }, all }: Means): Generator<Attack> {
  const mountPoint = `${door}hostile`;
  mkdirSync(mountPoint, { recursive: true });
  own(mountPoint);
  /** What a mount in sight of the attacker gives him. */
  const look = (): Called[] => [
    machine.asAttacker(join(mountPoint, 'setuid'), join(machine.marker, 'ran')),
    machine.asAttacker('grep', '--text', '--max-count=1', machine.secret, join(mountPoint, 'device')),
  ];
  const ours = requests(machine.hostile);
  for (const args of [...ours, ...requests(mountPoint), ...all.flatMap((language) => language.requests(mountPoint))]) {
    yield () => [machine.sudo({ args }), ...look()];
  }
  for (const log of [...leftovers, 'var/log/YaST2/y2log', 'var/log/anaconda.device', 'device']) {
    for (const list of ours) {
      const args = list.map((word) => (leftovers.some((leftover) => `/${leftover}` === word) ? `/${log}` : word));
      yield () => [machine.sudo({ args }), ...look()];
    }
  }
}

function* randomArguments({
  machine,
  language: { door, requests },
  all,
  seed,
  randomLists,
  randomListsBySudo,
}: Means): Generator<Attack> {
  const random = randomNumbers(seed);
  own(symlinkTo(machine.tree, `${door}random`));
  mkdirSync(`${door}r`, { recursive: true });
  own(`${door}r`);
  own(symlinkTo(machine.tree, `${door}r/tree`));
  own(symlinkTo(machine.foreign, `${door}r/foreign`));
  own(symlinkTo(machine.mounted, `${door}r/mounted`));
  const paths = [
    `${door}r/tree/a/b/c/disk.raw`,
    `${door}r/foreign`,
    `${door}r/mounted`,
    `${door}r`,
    machine.foreign,
    machine.own,
  ];
  const good = paths.flatMap(requests);
  const words = [
    ...new Set([...all.flatMap((language) => paths.flatMap(language.requests)).flat()]),
    ...[
      '',
      '/',
      '..',
      '.',
      '//',
      '/../',
      '-',
      '--',
      '-R',
      '-o',
      '*',
      '?',
      '\n',
      '\0',
      ' ',
      '0',
      '512',
      '-1',
      'u+s',
      '4755',
    ],
    ...[
      `$(touch ${machine.marker}/ran)`,
      `a[$(touch ${machine.marker}/ran)]`,
      machine.secretFile,
      machine.tree,
      machine.foreignLoop,
    ],
  ];
  for (let count = 0; count < randomLists + randomListsBySudo; count++) {
    const call: Call = { args: randomList(random, words, good) };
    yield () => [count < randomLists ? machine.asSudoWould(call) : machine.sudo(call)];
  }
}

function symlinkTo(target: string, link: string): string {
  rmSync(link, { recursive: true, force: true });
  symlinkSync(target, link);
  return link;
}

function own(path: string): string {
  lchownSync(path, attacker.uid, attacker.uid);
  return path;
}

/** Gives the attacker a tree of his own; what it links to stays whose it is. */
function ownAll(path: string): void {
  must('chown', '--recursive', '--no-dereference', `${attacker.uid}:${attacker.uid}`, path);
}
