import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
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

  async function doctor(env: NodeJS.ProcessEnv = {}) {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [program, 'doctor'], { reject: false, env });
    return { exitCode, lines: stdout.split('\n'), notes: stderr.split('\n') };
  }

  it('finds everything where the tests can run', async () => {
    const { exitCode, lines } = await doctor();
    expect(lines).to.deep.equal(['Everything that a build needs is here.']);
    expect(exitCode).to.equal(0);
  });

  it('names what is missing, what for, and the command that fixes it; the rest are notes', async () => {
    const { exitCode, lines, notes } = await doctor({ PATH: programsBut('cpio', 'qemu-img', 'rsync') });
    expect(lines).to.deep.equal([
      'cpio is not installed (needed for giving the answer file to the installer): apt-get install cpio',
      'qemu-img is not installed (needed for creating and converting disks): apt-get install qemu-utils',
    ]);
    expect(notes).to.include(
      'note: rsync is not installed (needed for rsync: sources and rsync uploads): apt-get install rsync',
    );
    expect(exitCode).to.equal(1);
  });

  it('tells of a cache that the user could not write', async () => {
    const user = await normalUser();
    try {
      const [file = 'env', ...words] = [...user.command, 'HOME=/usr', user.program, 'doctor'];
      const { exitCode, stdout } = await execa(file, words, { reject: false });
      expect(stdout).to.match(/^the cache directory \/usr\/\S+ can't be written: chown "\$USER" \/usr, or choose/m);
      expect(exitCode).to.equal(1);
    } finally {
      await user.remove();
    }
  });
});
