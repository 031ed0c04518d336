import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { call, must, offset, rawDisk, size, type Called } from '../../test/support/sudo-helper.js';

/** A user id that no distribution gives to anybody. */
export const attacker = { name: 'image-factory-attacker', uid: 64_321 } as const;

/** How the attacker calls the helper. */
export interface Call {
  /** Characters up to U+00FF are bytes: an argument may hold what is no UTF-8, and be cut off at a NUL. */
  readonly args: readonly string[];
  /** Variables of the attacker's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of sudo itself. */
  readonly options?: readonly string[];
  readonly cwd?: string;
}

const canaries = '/run/attacked';

/**
 * A machine to attack: the real one, with its real sudo, in a mount namespace in which everything is read-only but what
 * is set up here. Must run as root in a mount namespace of its own.
 */
export class Machine {
  /** What only root can read. */
  readonly secret = `secret-${randomBytes(16).toString('hex')}`;
  /** Belongs to the attacker. */
  readonly home = '/tmp/home';
  /** Everybody may write here. A file of root's in it was made by a command that ran as root. */
  readonly marker = '/tmp/marker';
  readonly helper = '/run/helper/image-factory-sudo-helper';
  /** A tree of root's that looks like an installed system, and like every directory that an attack names. */
  readonly tree = join(canaries, 'tree');
  readonly secretFile = join(canaries, 'secret');
  /** A directory of root's in which a process works. */
  readonly busy = join(canaries, 'busy');
  /** A file system that root has mounted. */
  readonly mounted = join(canaries, 'mounted');
  /** An image of root's: an xfs with the secret in its logs. */
  readonly foreign = join(canaries, 'foreign.raw');
  /** The attacker's own image: a fine xfs. */
  readonly own = join(this.home, 'own.raw');
  /** The attacker's own image of a system that is all links, devices and setuid programs. */
  readonly hostile = join(this.home, 'hostile.raw');
  /** Loop devices on the file systems in `foreign` and `hostile`. The latter is what udisks gives to any user. */
  readonly foreignLoop: string;
  readonly hostileLoop: string;

  readonly #resting: ReadonlyMap<string, string>;

  /** @param sudoersLine for the user `jenkins` and `/usr/bin/image-factory-sudo-helper`, as documented */
  constructor(helperText: string, sudoersLine: string) {
    must('mount', '--make-rprivate', '/');
    for (const top of ['/dev', '/']) must('mount', '-o', 'remount,bind,ro', top);
    detachBelow('/run', '/tmp');
    must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run');
    must('mount', '-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', '/tmp');
    copyOfEtc();
    for (const [file, line] of Object.entries(account)) appendFileSync(`/etc/${file}`, `${line}\n`);
    mkdirSync(dirname(this.helper));
    writeFileSync(this.helper, helperText, { mode: 0o755 });
    for (const name of readdirSync('/etc/sudoers.d')) rmSync(`/etc/sudoers.d/${name}`);
    const line = sudoersLine.replace('jenkins', attacker.name).replace(/\/usr\/bin\/\S+/, this.helper);
    writeFileSync('/etc/sudoers.d/image-factory', `${line}\n`, { mode: 0o440 });
    must('visudo', '--check');

    for (const directory of [canaries, this.busy, this.mounted, this.home, this.marker]) mkdirSync(directory);
    chownSync(this.home, attacker.uid, attacker.uid);
    chmodSync(this.marker, 0o1777);
    must('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', this.mounted);
    writeFileSync(join(this.mounted, 'file'), this.secret, { mode: 0o600 });
    writeFileSync(this.secretFile, this.secret, { mode: 0o600 });
    installedSystem(this.tree, this.secret);
    rawDisk(this.foreign, 'xfs', (root) => installedSystem(root, this.secret));
    chmodSync(this.foreign, 0o600);
    rawDisk(this.own, 'xfs', (root) => installedSystem(root, 'no secret'));
    chownSync(this.own, attacker.uid, attacker.uid);
    for (const path of ['a/b/c', 'directory']) {
      mkdirSync(join(this.tree, path), { recursive: true });
      must('cp', '--sparse=always', this.foreign, join(this.tree, path, 'disk.raw'));
    }
    this.foreignLoop = loopOn(this.foreign);
    rawDisk(this.hostile, 'xfs', (root) => hostileSystem(root, this));
    chownSync(this.hostile, attacker.uid, attacker.uid);
    this.hostileLoop = loopOn(this.hostile);
    this.#resting = this.#state();
  }

  /** Calls the helper by sudo, as the attacker. */
  sudo({ args, env = {}, options = [], cwd = '/' }: Call): Called {
    const credentials = { uid: attacker.uid, gid: attacker.uid, cwd };
    return start(['sudo', '-n', ...options, this.helper, ...args], { ...credentials, env: { PATH: searched, ...env } });
  }

  /** Calls the helper as sudo would: as root, with the attacker's user id. Twice as fast. */
  asSudoWould({ args }: Call): Called {
    return start([this.helper, ...args], { cwd: '/', env: { PATH: searched, SUDO_UID: String(attacker.uid) } });
  }

  /** Runs something of the attacker's own. */
  asAttacker(...words: readonly string[]): Called {
    return start(words, { uid: attacker.uid, gid: attacker.uid, cwd: '/', env: { PATH: searched } });
  }

  /**
   * What a call did that it must not do, as people read it; and undoes it. That is: a file of root's was made, changed
   * or removed, or has another mode or owner; something was printed that only root can read; a command ran as root; a
   * mount came or went; a loop device came or went. The attacker's own file system mounted on a directory of his own
   * is what the helper of image-factory 1 is for, and does not count.
   */
  escapes(...calls: readonly Called[]): string[] {
    let escapes = this.#differences();
    // The kernel gives a loop device back a moment after the last mount of it is gone.
    for (let waited = 0; escapes.length > 0 && escapes.every(isLoop) && waited < 2000; waited += 20) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      escapes = this.#differences();
    }
    if (calls.some(({ stdout, stderr }) => (stdout + stderr).includes(this.secret))) {
      escapes.push('printed what only root can read');
    }
    this.#repair();
    return escapes;
  }

  #differences(): string[] {
    const now = this.#state();
    const gone = [...this.#resting.keys()].filter((name) => !now.has(name)).map((name) => `${name} is gone`);
    const others = [...now].flatMap(([name, value]) => {
      const before = this.#resting.get(name);
      if (before === value || value === 'service') return [];
      if (before === undefined) return [`${name} is new`];
      const [rightsBefore, rights] = [before, value].map((text) => text.split(',', 1)[0]);
      return [rights === rightsBefore ? `${name} was changed` : `${name} was ${rightsBefore}, is ${rights}`];
    });
    return [...gone, ...others];
  }

  #state(): Map<string, string> {
    const state = new Map<string, string>();
    const look = (path: string): void => {
      const { mode, uid, gid, size: bytes, mtimeMs, ino } = lstatSync(path);
      const content = (mode & 0o170_000) === 0o040_000 ? '' : `, ${bytes} bytes of ${mtimeMs}, inode ${ino}`;
      state.set(path, `mode ${mode.toString(8)} of ${uid}:${gid}${content}`);
      if (content === '') for (const name of readdirSync(path)) look(join(path, name));
    };
    look(canaries);
    for (const name of readdirSync(this.marker)) {
      if (lstatSync(join(this.marker, name)).uid === 0) state.set(`the mark ${name} of a command of root's`, '');
    }
    for (const { place, source } of mounts()) {
      const service = source === this.hostileLoop && place.startsWith('/tmp/image-factory.');
      state.set(`the mount of ${source} on ${place}`, service ? 'service' : '');
    }
    for (const { name, file } of loops()) state.set(`the loop device ${name} on ${file}`, '');
    return state;
  }

  #repair(): void {
    if (this.#differences().length === 0 && !mounts().some(({ place }) => place.startsWith('/tmp/image-factory.')))
      return clear(this.marker);
    const resting = new Set(this.#resting.keys());
    for (const { place, source } of mounts().reverse()) {
      if (!resting.has(`the mount of ${source} on ${place}`)) must('umount', '--lazy', place);
    }
    if (!mounts().some(({ place }) => place === this.mounted)) {
      must('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', this.mounted);
      writeFileSync(join(this.mounted, 'file'), this.secret, { mode: 0o600 });
    }
    for (const { name, file } of loops()) {
      if (!resting.has(`the loop device ${name} on ${file}`)) must('losetup', '--detach', name);
    }
    clear(this.marker);
    // What can't be put back as it was is from now on as it is.
    const now = this.#state();
    for (const name of now.keys()) if (!resting.has(name)) rmSync(name, { recursive: true, force: true });
    for (const [name, value] of this.#resting) {
      const is = now.get(name);
      if (is === undefined || is === value) continue;
      const [, mode = '', uid = '', gid = ''] = /^mode (\d+) of (\d+):(\d+)/.exec(value) ?? [];
      chownSync(name, Number(uid), Number(gid));
      chmodSync(name, parseInt(mode, 8) & 0o7777);
    }
    const repaired = this.#state();
    const state = this.#resting as Map<string, string>;
    state.clear();
    for (const [name, value] of repaired) state.set(name, value);
  }

  /** Gives the loop devices back; all else goes with the namespace. */
  remove(): void {
    for (const { name } of loops()) must('losetup', '--detach', name);
  }
}

const searched = '/usr/sbin:/usr/bin:/sbin:/bin';
const isLoop = (escape: string) => escape.startsWith('the loop device');

/** Files that an installer of any family leaves. */
export const leftovers = [
  'root/anaconda-ks.cfg',
  'var/adm/autoinstall/logs/log',
  'var/lib/YaST2/x',
  'var/log/installer/syslog',
] as const;

function installedSystem(root: string, secret: string): void {
  for (const file of leftovers) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), `${secret}\n`, { mode: 0o600 });
  }
}

/** All that an image can hold against the user who mounts it. */
function hostileSystem(root: string, machine: Machine): void {
  const { rdev } = statSync(machine.foreignLoop);
  for (const name of ['device', 'var/lib/YaST2/device', 'var/log/anaconda.device']) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    must('mknod', '-m', '666', join(root, name), 'b', String(rdev >> 8), String(rdev & 0xff));
  }
  copyFileSync('/usr/bin/touch', join(root, 'setuid'));
  chmodSync(join(root, 'setuid'), 0o4755);
  mkdirSync(join(root, 'root'));
  symlinkSync(machine.secretFile, join(root, 'root/anaconda-ks.cfg'));
  symlinkSync(join(machine.tree, 'var/log/installer'), join(root, 'var/log/installer'));
  symlinkSync('../../../../../../../../run/attacked/tree/var/lib/YaST2', join(root, 'var/log/YaST2'));
  symlinkSync(join(machine.tree, 'var/log'), join(root, 'var/log/anaconda'));
  symlinkSync(join(machine.tree, 'var/adm'), join(root, 'var/adm'));
}

const account = {
  passwd: `${attacker.name}:x:${attacker.uid}:${attacker.uid}::/nonexistent:/bin/sh`,
  group: `${attacker.name}:x:${attacker.uid}:`,
  shadow: `${attacker.name}:!:19000:0:99999:7:::`,
};

/**
 * Lays a copy over /etc, where sudo looks. All of it: a mount on a single file goes away when somebody on the real
 * machine puts another file in its place, as useradd does.
 */
function copyOfEtc(): void {
  mkdirSync('/run/etc');
  must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run/etc');
  must('cp', '--archive', '/etc/.', '/run/etc/');
  must('mount', '--move', '/run/etc', '/etc');
}

/**
 * Takes from this namespace what others have mounted below directories that are about to be hidden. Otherwise it would go
 * at any moment: the kernel detaches a mount everywhere once its owner removes the directory under it.
 */
function detachBelow(...tops: readonly string[]): void {
  const places = mounts().map(({ place }) => place);
  const hidden = places.filter((place) => tops.some((top) => place.startsWith(`${top}/`)));
  // Its owner may be quicker.
  for (const place of hidden.reverse()) call('umount', ['--lazy', place]);
}

function loopOn(image: string): string {
  const place = ['--offset', String(offset), '--sizelimit', String(size)];
  return must('losetup', '--find', '--show', ...place, image).trim();
}

function mounts(): { readonly place: string; readonly source: string }[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const place = before.split(' ')[4];
    return place === undefined ? [] : [{ place, source: after.split(' ')[1] ?? '' }];
  });
}

let seen = { devices: '', here: [] as { name: string; file: string }[] };

/** The loop devices on files of this machine. Others come and go meanwhile. */
function loops(): readonly { readonly name: string; readonly file: string }[] {
  const devices = readdirSync('/sys/block').map(backingFile).join('\n');
  if (devices !== seen.devices) {
    const here = new Set(['/run', '/tmp'].map((path) => deviceNumber(statSync(path).dev)));
    const { loopdevices } = JSON.parse(
      must('losetup', '--list', '--json', '--output', 'NAME,BACK-MAJ:MIN,BACK-FILE'),
    ) as {
      loopdevices: { name: string; 'back-maj:min': string; 'back-file': string }[];
    };
    const found = loopdevices.flatMap(({ name, 'back-maj:min': device, 'back-file': file }) =>
      here.has(device.trim()) ? [{ name, file }] : [],
    );
    seen = { devices, here: found };
  }
  return seen.here;
}

function backingFile(device: string): string {
  try {
    return readFileSync(`/sys/block/${device}/loop/backing_file`, 'utf8');
  } catch {
    return '';
  }
}

/** As makedev(3) puts them together. */
const deviceNumber = (device: number) => `${(device >>> 8) & 0xfff}:${(device & 0xff) | ((device >>> 12) & 0xfff00)}`;

function clear(directory: string): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });
}

function start(
  words: readonly string[],
  options: { uid?: number; gid?: number; cwd: string; env: Record<string, string> },
): Called {
  const [file = '', ...args] = words.some((word) => /[\0\x80-\xff]/.test(word)) ? asBytes(words) : words;
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8', timeout: 20_000, ...options });
  if (!error) return { status, stdout, stderr };
  const { code = '' } = error as NodeJS.ErrnoException;
  if (!['E2BIG', 'ENOENT', 'EACCES'].includes(code)) {
    throw new Error(`${words.join(' ').slice(0, 500)}: ${error.message}`, { cause: error });
  }
  return { status: null, stdout: '', stderr: code };
}

/** Node.js gives programs only UTF-8 without NUL. */
function asBytes(words: readonly string[]): string[] {
  const hex = words.map((word) => Buffer.from(word, 'latin1').toString('hex'));
  return ['/usr/bin/perl', '-e', 'my @words = map { pack "H*", $_ } @ARGV; exec { $words[0] } @words;', ...hex];
}
