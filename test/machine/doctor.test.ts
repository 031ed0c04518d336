import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { program } from '../support/demo-image.js';
import { normalUser } from '../support/normal-user.js';

describe('image-factory doctor', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'doctor-'))));
  after(() => rmSync(directory, { recursive: true }));

  /** A directory with every program of /usr/bin but these. */
  function programsBut(...missing: readonly string[]): string {
    const path = mkdtempSync(join(directory, 'programs-'));
    for (const name of readdirSync('/usr/bin').filter((candidate) => !missing.includes(candidate))) {
      symlinkSync(join('/usr/bin', name), join(path, name));
    }
    return path;
  }

  async function doctor(env: NodeJS.ProcessEnv = {}, ...words: string[]) {
    const command = [program, 'doctor', ...words];
    const { exitCode, stdout, stderr } = await execa(process.execPath, command, { reject: false, env });
    return { exitCode, lines: stdout.split('\n'), notes: stderr.split('\n') };
  }

  it('finds everything where the tests can run', async () => {
    const { exitCode, lines, notes } = await doctor();
    expect(lines).to.deep.equal(['This machine has everything that a build needs.']);
    expect(notes.join('\n')).to.match(
      /^note: derive-in: namespace is open, vm is open \((by KVM|slow: in software)(; only of parents with a kernel: .*)?\)$/m,
    );
    expect(exitCode).to.equal(0);
  });

  it('names what is missing, what for, and the command that fixes it; the rest are notes', async () => {
    const { exitCode, lines, notes } = await doctor({ PATH: programsBut('cpio', 'qemu-img', 'rsync') });
    expect(lines).to.deep.equal([
      'cpio is not installed (needed for passing the answer file to the installer): apt-get install cpio',
      'qemu-img is not installed (needed for creating and converting disks): apt-get install qemu-utils',
    ]);
    expect(notes).to.include(
      'note: rsync is not installed (needed for rsync: sources and rsync uploads): apt-get install rsync',
    );
    expect(exitCode).to.equal(1);
  });

  it('says which way there is to derive images where namespaces are closed', async function () {
    // Limits of a user namespace hold for what is below it, and for nothing else.
    const closing = 'echo 0 >/proc/sys/user/max_mnt_namespaces; exec "$@"';
    const words = [
      '--user',
      '--map-root-user',
      '--',
      'sh',
      '-c',
      closing,
      'sh',
      process.execPath,
      program,
      'doctor',
      '--json',
    ];
    const { stdout, exitCode, stderr } = await execa('unshare', words, { reject: false });
    if (/unshare: unshare failed/.test(stderr)) return this.skip();
    void exitCode;
    const { deriveIn, findings } = JSON.parse(stdout) as {
      deriveIn: { way: string; open: boolean; why?: string }[];
      findings: { what: string }[];
    };
    expect(findings.map(({ what }) => what).join('\n')).to.match(
      /namespaces are closed here: .*: images are derived in virtual machines only, and can't be made of packages \('group ='\)/,
    );
    expect(deriveIn.map(({ way, open }) => [way, open])).to.deep.equal([
      ['namespace', false],
      ['vm', true],
    ]);
    expect(deriveIn[0]?.why).to.match(/^namespaces are closed here: unshare: unshare failed/);
  });

  it('looks at what the images of the configuration want, and tells where that was read', async () => {
    const config = join(directory, 'my.conf');
    writeFileSync(config, `[web]\nlinux = x\ncache_dir = ${config}/cache\n`);
    const { exitCode, lines, notes } = await doctor({}, '--config', config);
    expect(lines).to.deep.equal([
      `the cache directory ${config}/cache can't be made: ${config} is no directory: choose another with the option cache_dir`,
    ]);
    expect(notes).to.include(`note: the configuration is read from ${config}`);
    expect(exitCode).to.equal(1);
  });

  it('looks for the emulator and the firmware of an architecture that is asked for', async () => {
    const { lines, exitCode } = await doctor(
      { PATH: programsBut('qemu-system-aarch64', 'qemu-system-x86_64') },
      '--arch',
      'arm64',
    );
    expect(lines).to.include(
      'qemu-system-aarch64 is not installed (needed for images for arm64): apt-get install qemu-system-arm',
    );
    expect(lines.join()).not.to.contain('x86_64');
    expect(exitCode).to.equal(1);
    const wrong = await doctor({}, '--arch', 'arm46');
    expect(wrong.notes.join()).to.contain("(did you mean 'arm64'?)");
    expect(wrong.exitCode).to.equal(2);
  });

  it('refuses a configuration that is not there', async () => {
    const { exitCode, lines, notes } = await doctor({}, '--config', '/nowhere.conf');
    expect(notes[0]).to.include("can't read the configuration file '/nowhere.conf' (named by --config)");
    expect(lines).to.deep.equal(['']);
    expect(exitCode).to.equal(2);
  });

  it('tells the same as JSON', async () => {
    const config = join(directory, 'empty.conf');
    writeFileSync(config, '');
    const { exitCode, lines } = await doctor({ PATH: programsBut('cpio') }, '--config', config, '--json');
    const told = JSON.parse(lines.join('\n')) as { findings: unknown[] };
    expect(told)
      .to.include({ ready: false })
      .and.deep.include({ configurationFiles: [config] });
    expect(told.findings).to.deep.include({
      weight: 'missing',
      what: 'cpio is not installed (needed for passing the answer file to the installer)',
      fix: 'apt-get install cpio',
    });
    expect(exitCode).to.equal(1);
  });

  it('tells of a cache that the user could not write', async () => {
    const user = await normalUser();
    try {
      const [file = 'env', ...words] = [...user.command, 'HOME=/usr', user.program, 'doctor'];
      const { exitCode, stdout } = await execa(file, words, { reject: false });
      expect(stdout).to.match(/^the cache directory \/usr\/\S+ is not writable: chown "\$USER" \/usr, or choose/m);
      expect(exitCode).to.equal(1);
    } finally {
      await user.remove();
    }
  });
});
