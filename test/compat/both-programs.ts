import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { program as ourProgram } from '../support/demo-image.js';
import type { NormalUser } from '../support/normal-user.js';
import { originalImageFactory, type Original } from './original.js';
import { readCalls, type Call } from './recorded-commands.js';

/** What both programs are given. */
export interface Given {
  /** The command line. */
  readonly args: readonly string[];
  /** What IMAGE_FACTORY_CONFIG names; without it, the variable is not set. */
  readonly config?: string | Uint8Array;
  /** Further files in the home directory, by name: `.config/image-factory.conf`. */
  readonly home?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** A call that begins with these words fails, with exit code 7. */
  readonly fails?: string;
  /** How virt-install ends, when libvirt knows the virtual machine: with exit code 7, or by Ctrl-C to who called it. */
  readonly installer?: 'fails' | 'is interrupted';
  /** What the virtual machine leaves on its disk (default: an installed system). */
  readonly installed?: InstalledDisk;
  /** Who builds (default: whoever runs the tests). */
  readonly builder?: NormalUser;
}

/** By what the installer leaves on the disk: how many partitions, of which the last holds the system; or not even a table. */
const installedDisks = { nothing: undefined, 'no partition': 0, system: 1, 'two partitions': 2 };

export type InstalledDisk = keyof typeof installedDisks;

/** What one of them did. */
export interface Outcome {
  readonly status: number;
  /** Standard output and error. */
  readonly said: string;
  /** Standard output alone. */
  readonly stdout: string;
  readonly calls: readonly Call[];
  /** The current directory of the build, and in the end what is in it. */
  readonly directory: string;
  readonly files: readonly string[];
  /** Where `~` is. */
  readonly home: string;
  /** Files as the programs that got them saw them, by name. */
  readonly injected: Readonly<Record<string, string>>;
  readonly netboot: Readonly<Record<string, string>>;
  readonly uploaded: readonly string[];
  /** The files of the installed system that were left when it was unmounted; empty for who mounts nothing. */
  readonly left: readonly string[];
}

export interface Both {
  readonly python: Outcome;
  readonly ours: Outcome;
}

/** Programs that are never run for real here. Everything else that is called is the real one. */
const standIns = [
  ...['virt-install', 'virsh', 'libvirtd', 'virtlogd', 'qemu-img', 'rsync', 'ssh', 'sudo'],
  ...['losetup', 'mount', 'umount', 'zerofree', 'chmod', 'hook'],
];

/** What the installer "installs": what every installer leaves that there are rules for, and files that must stay. */
const installedFiles = [
  'etc/fstab',
  'root/.profile',
  'root/autoinst.xml',
  'root/anaconda-ks.cfg',
  'root/original-ks.cfg',
  'root/install.log',
  'root/install.log.syslog',
  'var/adm/autoinstall/logs/y2start.log',
  'var/lib/YaST2/install.inf',
  'var/log/agama-installation/logs.tar.gz',
  'var/log/anaconda.syslog',
  'var/log/anaconda/anaconda.log',
  'var/log/dpkg.log',
  'var/log/installer/syslog',
  'var/log/YaST2/y2log',
];

/**
 * What the Python program does not do, and its users can switch off: the stand-ins' disk boots nowhere, their mirror signs
 * nothing, and its documents would be in every list of files.
 */
const notToCompare = ['boot-test = off', 'verify = off', 'manifest = no', 'sbom = no', 'provenance = no'].join('\n');

/** Runs the Python image-factory and ours, each in a scratch directory of its own, on the same stand-ins. */
export class BothPrograms {
  /** `http://ADDRESS:PORT` of a mirror on the loopback interface: it has every file but those below /missing/. */
  readonly mirror: string;

  private constructor(
    readonly original: Original,
    readonly scratch: string,
    readonly server: Server,
  ) {
    this.mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Skips the suite, loudly, where the Python program can't be had. */
  static async open(suite: Mocha.Context): Promise<BothPrograms> {
    suite.timeout(0);
    const original = originalImageFactory() ?? suite.skip();
    const scratch = mkdtempSync(join(tmpdir(), 'image-factory-compat-'));
    // libvirt's account looks for the disk in it.
    chmodSync(scratch, 0o755);
    mkdirSync(join(scratch, 'bin'));
    // Copies: a checkout may lie where only root can read.
    const standIn = fileURLToPath(new URL('./stand-in', import.meta.url));
    for (const name of standIns) copyFileSync(standIn, join(scratch, 'bin', name));
    for (const [name, partitions] of Object.entries(installedDisks)) {
      makeInstalledSystem(join(scratch, name), partitions);
    }
    writeFileSync(join(scratch, 'vmlinuz'), netbootFile('/boot/vmlinuz'));
    const server = createServer(({ url = '' }, response) => {
      response.writeHead(url.startsWith('/missing/') ? 404 : 200).end(netbootFile(url));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new BothPrograms(original, scratch, server);
  }

  close(): void {
    this.server.close();
    this.original.remove();
    rmSync(this.scratch, { recursive: true });
  }

  /**
   * The package's own configuration, with its answer files where they are unpacked, HTTP mirrors on the loopback
   * interface, the cache in the scratch home, and the examples of an upload switched on.
   */
  packageConfiguration(): string {
    return this.original.configuration
      .replace('[DEFAULT]\n', `[DEFAULT]\n${notToCompare}\n`)
      .replace(/^data_dir=.*$/m, `data_dir=${this.original.dataDir}`)
      .replace(/^(\w+_mirror|initrd|linux)=https?:\/\/[^/]+/gm, `$1=${this.mirror}`)
      .replace(/^#(cache_dir=)/m, '$1')
      .replace(/^#upload_destinations=.*$/m, 'upload_destinations=upload-host1')
      .replace(/^#(post-upload-command=)/m, '$1');
  }

  /**
   * A configuration with one image, called `image`: little is said of it, and quickly built.
   *
   * @param changes options of its section that are otherwise, or not there (undefined)
   * @param others further sections
   */
  smallConfiguration(changes: Readonly<Record<string, string | undefined>> = {}, others = ''): string {
    const options = {
      linux: '${mirror}/linux',
      initrd: '${mirror}/initrd.gz',
      preseed: '${data_dir}/Debian-10-server-us.cfg',
      format: 'qcow2',
      ram: '1G',
      'image-size': '64M',
      ...changes,
    };
    const lines = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : `${name} = ${value}`));
    // Root's default cache is the machine's, and all runs would share it.
    const defaults = [
      `mirror = ${this.mirror}`,
      `data_dir = ${this.original.dataDir}`,
      `kernel_file = ${join(this.scratch, 'vmlinuz')}`,
      'cache_dir = ~/netboot',
      notToCompare,
    ];
    return ['[DEFAULT]', ...defaults, '[image]', ...lines, others, ''].join('\n');
  }

  async run(given: Given): Promise<Both> {
    const [python, ours] = await Promise.all([
      this.#runOne(['/usr/bin/python3', this.original.program], given),
      this.#runOne([process.execPath, given.builder?.program ?? ourProgram], given),
    ]);
    return { python, ours };
  }

  async #runOne(program: readonly string[], given: Given): Promise<Outcome> {
    const root = mkdtempSync(join(this.scratch, 'run-'));
    chmodSync(root, 0o755);
    const [directory, home, record] = ['work', 'home', 'record'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    for (const made of [directory, home, ...['injected', 'netboot', 'uploaded'].map((name) => join(record, name))]) {
      mkdirSync(made, { recursive: true });
    }
    const files = { ...given.home, ...(given.config === undefined ? {} : { 'given.conf': given.config }) };
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(home, name)), { recursive: true });
      writeFileSync(join(home, name), content);
    }
    if (given.builder) execFileSync('chown', ['-R', '--reference', given.builder.home, root]);
    const path = process.env.PATH ?? '';
    const environment = {
      PATH: `${join(this.scratch, 'bin')}:${path}`,
      HOME: home,
      LANG: 'C.UTF-8',
      ...(given.config === undefined ? {} : { IMAGE_FACTORY_CONFIG: join(home, 'given.conf') }),
      ...given.env,
      COMPAT_PATH: path,
      COMPAT_RECORD: record,
      COMPAT_SYSTEM: join(this.scratch, given.installed ?? 'system'),
      COMPAT_FAILS: given.fails ?? '',
      COMPAT_INSTALLER: given.installer ?? '',
    };
    const [file = '', ...words] = [
      ...(given.builder ? [...given.builder.command, 'env', '-C', directory] : ['env', '-i']),
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ...program,
      ...given.args,
    ];
    const { exitCode, all, stdout } = await execa(file, words, {
      cwd: directory,
      reject: false,
      all: true,
      stdin: 'ignore',
    });
    return {
      status: exitCode ?? -1,
      said: all,
      stdout,
      calls: readCalls(contentOf(join(record, 'calls'))),
      directory,
      files: readdirSync(directory).sort(),
      home,
      injected: contentsOf(join(record, 'injected')),
      netboot: contentsOf(join(record, 'netboot')),
      uploaded: readdirSync(join(record, 'uploaded')).sort(),
      left: contentOf(join(record, 'left'))
        .split('\n')
        .filter(Boolean)
        .map((file) => file.slice(1)),
    };
  }
}

/** A file that has the marks of what its URL says that it is: ours looks at them. */
function netbootFile(url: string): Buffer {
  const file = Buffer.alloc(url.endsWith('.iso') ? 0x8100 : 0x40);
  if (url.endsWith('.iso')) file.write('CD001', 0x8001);
  file.write(/initrd|root/.test(url) ? '070701' : 'MZ');
  return Buffer.concat([file, Buffer.from(`the file ${url}\n`)]);
}

/** Does something for each, two at a time: there is much waiting in a build. */
export async function twoAtATime<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await action(item);
  };
  await Promise.all([worker(), worker()]);
}

/** What is in a file; nothing if it is not there. */
export function contentOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** What is in files, by name: short ones as they are, others by their checksums. */
function contentsOf(directory: string): Record<string, string> {
  const told = (content: string) =>
    content.length < 200 ? content : `SHA-256 ${createHash('sha256').update(content).digest('hex')}`;
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, told(readFileSync(join(directory, name), 'latin1'))]),
  );
}

/** What is in a file of the installed system. */
export function installedContent(file: string): string {
  return `this is /${file}\n\n  and its last line, größer\n`;
}

/** `DIRECTORY/tree`, and `DIRECTORY/disk` with the same files in the last partition of a disk. */
function makeInstalledSystem(directory: string, partitions: number | undefined): void {
  const [tree, disk] = [join(directory, 'tree'), join(directory, 'disk')];
  for (const file of installedFiles) {
    mkdirSync(join(tree, dirname(file)), { recursive: true });
    writeFileSync(join(tree, file), installedContent(file));
  }
  if (partitions === undefined) return;
  const [mebibytes, mebibyte] = [16, 2 ** 20];
  writeFileSync(disk, '');
  truncateSync(disk, mebibytes * mebibyte);
  const table = Array.from({ length: partitions }, (_, index) =>
    index < partitions - 1 ? 'size=1MiB, type=82\n' : 'type=83, bootable\n',
  );
  execFileSync('/usr/sbin/sfdisk', ['--quiet', disk], { input: `label: dos\n${table.join('')}` });
  if (partitions === 0) return;
  // The table and what is before the last partition take one MiB each.
  const place = ['-E', `offset=${partitions * mebibyte}`, disk, `${mebibytes - partitions}M`];
  execFileSync('/usr/sbin/mkfs.ext4', ['-q', '-d', tree, ...place], { stdio: 'pipe' });
}
