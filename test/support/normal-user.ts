import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { program } from './demo-image.js';

/** Somebody who builds images without any right but that to use /dev/kvm. */
export interface NormalUser {
  /** A directory that is theirs. */
  readonly home: string;
  /** The program, where they can read it. */
  readonly program: string;
  /** What stands before a command line that they run; their environment is that of a cron job. */
  readonly command: readonly string[];
  /** Ends their processes and removes the account. */
  remove(): Promise<void>;
}

/**
 * Root makes an account for it; everybody else is such a user already.
 *
 * @param subordinateIds `none`, which only root can arrange: a user who can mount nothing, and give files to nobody
 */
export async function normalUser(subordinateIds: 'usual' | 'none' = 'usual'): Promise<NormalUser> {
  if (process.getuid?.() !== 0) {
    const home = await mkdtemp(join(tmpdir(), 'image-factory-user-'));
    return {
      home,
      program,
      command: ['env', `HOME=${home}`],
      remove: () => rm(home, { recursive: true, force: true }),
    };
  }
  // Several may live at once, and one that a killed run left behind must not stand in the way.
  const name = `image-factory-${randomBytes(4).toString('hex')}`;
  const home = `/tmp/${name}`;
  await execa('useradd', ['--create-home', '--home-dir', home, '--groups', 'kvm', '--shell', '/bin/sh', name]);
  if (subordinateIds === 'none') {
    for (const [file, option] of [
      ['/etc/subuid', '--del-subuids'],
      ['/etc/subgid', '--del-subgids'],
    ] as const) {
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        const [owner, first, count] = line.split(':');
        if (owner === name) await execa('usermod', [option, `${first}-${Number(first) + Number(count) - 1}`, name]);
      }
    }
  }
  const readable = await (copied ??= copyProgram());
  const environment = [`HOME=${home}`, 'PATH=/usr/local/bin:/usr/bin:/bin', ...inherited('http_proxy', 'https_proxy')];
  const node = process.execPath.replace(/\/node$/, '');
  return {
    home,
    program: join(readable, 'bin/image-factory'),
    command: [
      ...['setpriv', '--reuid', name, '--regid', name, '--init-groups', '--'],
      // Where the tests run may be closed to them.
      ...['env', '-i', '-C', home, ...environment.map((variable) => variable.replace('PATH=', `PATH=${node}:`))],
    ],
    async remove() {
      // Their libvirt daemon and whatever a failed test left running.
      await execa('pkill', ['-KILL', '--uid', name], { reject: false });
      await execa('userdel', ['--remove', '--force', name], { reject: false });
      await rm(home, { recursive: true, force: true });
    },
  };
}

let copied: Promise<string> | undefined;

/**
 * Copies the program to where everybody can read it, once in a run: a checkout may lie where only root can, as in /root.
 * What only development needs is left out, as `make install` does.
 */
async function copyProgram(): Promise<string> {
  const checkout = join(program, '../..');
  const place = await mkdtemp('/tmp/image-factory-program-');
  // Files of tests that run in one process share it, so none of them may remove it.
  process.once('exit', () => rmSync(place, { recursive: true, force: true }));
  const modules = readFileSync(join(checkout, 'lib/packages.txt'), 'utf8').trim().split('\n');
  const parts = ['bin', 'configs', 'demo', 'layouts', 'lib', 'package.json', 'templates', ...modules];
  await execa('cp', ['--recursive', '--parents', '--target-directory', place, ...parts], { cwd: checkout });
  await execa('chmod', ['-R', 'a+rX,go-w', place]);
  return place;
}

function inherited(...names: string[]): string[] {
  return names.flatMap((name) => (process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`]));
}
