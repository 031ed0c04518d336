import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { baseNameIn, leftovers, RunningBuild } from './demo-image.js';
import { normalUser, type NormalUser } from './normal-user.js';

export interface Ended {
  readonly exitCode?: number | undefined;
  readonly stdout: string;
  readonly all: string;
}

/** A normal user who builds the demo. */
export class DemoUser {
  private constructor(private readonly user: NormalUser) {}

  static async create(): Promise<DemoUser> {
    return new DemoUser(await normalUser());
  }

  get home(): string {
    return this.user.home;
  }

  /** What stands before a command line that they run. */
  get command(): readonly string[] {
    return this.user.command;
  }

  /** The program as they call it. */
  get program(): readonly string[] {
    return [...this.user.command, this.user.program];
  }

  remove(): Promise<void> {
    return this.user.remove();
  }

  /** A directory of theirs. */
  directory(name: string): string {
    const path = join(this.home, name);
    mkdirSync(path);
    chmodSync(path, 0o777);
    return path;
  }

  /** Runs the program to its end. */
  async run(args: readonly string[], program = this.program): Promise<Ended> {
    const [file = 'env', ...words] = [...program, ...args];
    return execa(file, words, { reject: false, all: true });
  }

  /** Runs the program, to be watched and interrupted. */
  start(args: readonly string[], program = this.program): RunningBuild {
    return new RunningBuild(args, { command: program });
  }

  /** Runs gpg as the user, and gives what it prints. */
  async gpg(...args: string[]): Promise<string> {
    const [file = 'env', ...words] = [...this.command, 'gpg', '--batch', '--quiet', ...args];
    return (await execa(file, words)).stdout;
  }

  /** @returns the fingerprint of a new key that signs */
  async makeSigner(): Promise<string> {
    await this.gpg('--passphrase', '', '--quick-gen-key', 'Images <images@example.org>', 'ed25519', 'sign', 'never');
    return /^fpr:+([0-9A-F]+):$/m.exec(await this.gpg('--with-colons', '--list-keys'))?.[1] ?? '';
  }

  leftovers(output: string): Promise<string[]> {
    return leftovers(output, this.command);
  }

  /** A section like the demo's with other options, in a configuration of its own. */
  async likeDemo(name: string, options: Readonly<Record<string, string>>): Promise<string> {
    const { stdout } = await this.run(['show', 'demo']);
    const lines = stdout
      .replace('[demo]', `[${name}]`)
      .split('\n')
      .filter((line) => !Object.keys(options).some((option) => line.startsWith(`${option} =`)));
    const file = join(this.home, `${name}.conf`);
    writeFileSync(
      file,
      [...lines, ...Object.entries(options).map(([option, value]) => `${option} = ${value}`), ''].join('\n'),
    );
    return file;
  }

  /** The disk of a finished image, to be changed and taken for an installed one. */
  async installedDisk(image: string, name: string): Promise<string> {
    const disk = join(this.home, name);
    await execa('qemu-img', ['convert', '-O', 'raw', image, disk]);
    chmodSync(disk, 0o644);
    return disk;
  }

  /** The program with a virt-install that installs by copying a disk, and boots for real. */
  installing(disk: string): readonly string[] {
    const copy = `#!/bin/sh
for word; do case $word in --import) exec /usr/bin/virt-install "$@";; esac; done
for word; do case $word in path=*) disk=\${word#path=}; cp --sparse=always ${disk} "\${disk%%,*}";; esac; done
`;
    return this.withStandIn('virt-install', copy, basename(disk));
  }

  /** The program with another one of ours in the place of a program that it calls. */
  withStandIn(name: string, script: string, purpose: string): readonly string[] {
    const standIns = this.directory(`stand-ins-${name}-${purpose}`);
    writeFileSync(join(standIns, name), script, { mode: 0o755 });
    const path = `PATH=${standIns}:${dirname(process.execPath)}:/usr/bin:/bin`;
    return [...this.user.command, 'env', path, this.user.program];
  }
}

/** A demo that was built once for all tests: those that look at it, and those that need an installed one. */
export interface InstalledDemo {
  readonly user: DemoUser;
  /** The directory with the image and what describes it. */
  readonly output: string;
  readonly image: string;
  /** The fingerprint of the user's key, which signed it. */
  readonly signer: string;
  /** What the build said. */
  readonly said: string;
  /** The program with an installation that takes no time. */
  readonly program: readonly string[];
}

let installed: Promise<InstalledDemo> | undefined;

export function installedDemo(): Promise<InstalledDemo> {
  return (installed ??= buildDemo());
}

async function buildDemo(): Promise<InstalledDemo> {
  const user = await DemoUser.create();
  const output = user.directory('installed');
  const signer = await user.makeSigner();
  const signed = ['--sign', 'gpg', '--sign-key', signer];
  const build = ['demo', '-o', output, ...signed, '--boot-test-disk', 'virtio,scsi,nvme,sata'];
  const { exitCode, all: said } = await user.run(build);
  if (exitCode !== 0) throw new Error(`the demo can't be built:\n${said}`);
  const image = join(output, `${baseNameIn(output)}.qcow2`);
  const program = user.installing(await user.installedDisk(image, 'installed.raw'));
  return { user, output, image, signer, said, program };
}

// Of the whole run, not of one file.
after(async () => (await installed?.catch(() => undefined))?.user.remove());
