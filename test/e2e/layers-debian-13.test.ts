import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { addLayer } from '../../src/layers/layers.js';
import { openStore } from '../../src/layers/store.js';
import { program } from '../support/demo-image.js';
import { testHost } from '../support/host.js';
import { rootOnly } from '../support/layer-store.js';

describe('layers with the new mount API, of util-linux in Debian 13', () => {
  let root: string;

  before(async function () {
    rootOnly(this);
    root = mkdtempSync(join(tmpdir(), 'image-factory-debian-13-'));
    await execa('mmdebstrap', ['--variant=extract', '--include=mount', 'trixie', join(root, 'unpacked')]);
    await execa('mv', ['-T', join(root, 'unpacked'), join(root, 'debian')]);
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, 'debian', name));
    mkdirSync(join(root, 'debian/proc'), { recursive: true });
    await execa('mount', ['--bind', '/proc', join(root, 'debian/proc')]);
  });

  after(async () => {
    if (root === undefined) return;
    await execa('umount', [join(root, 'debian/proc')]);
    rmSync(root, { recursive: true, force: true });
  });

  it('are mounted when there are 100 of them with names of 60 letters', async () => {
    const debian = join(root, 'debian');
    const directory = join(debian, 'store');
    const store = await openStore(testHost(), directory);
    const nameOf = (number: number) => `${number}-`.padEnd(60, 'abcdefghij');
    for (let number = 1; number <= 100; number++) {
      await addLayer(store, {
        name: nameOf(number),
        parent: number === 1 ? undefined : nameOf(number - 1),
        fill: (tree) => Promise.resolve(writeFileSync(join(tree, `${number}`), '')),
      });
    }
    // The program's own call of mount, answered by that of Debian 13, which sees the store in its root directory.
    const standIn = `#!/usr/bin/python3
import os, sys
directory = os.getcwd()
os.chroot("${debian}")
os.chdir(directory[len("${debian}"):])
os.execv("/usr/bin/mount", sys.argv)
`;
    const standIns = join(root, 'stand-ins');
    mkdirSync(standIns);
    writeFileSync(join(standIns, 'mount'), standIn, { mode: 0o755 });
    const env = { PATH: `${standIns}:${process.env.PATH}`, IMAGE_FACTORY_STORE_DIR: directory };
    expect((await execa('chroot', [debian, '/usr/bin/mount', '--version'])).stdout).to.match(/2\.4\d/);
    await execa(program, ['stackpoint', 'new', 'deep', nameOf(100)], { env });
    await execa(program, ['stackpoint', 'mount', 'deep'], { env });
    const { stdout } = await execa('ls', [join(directory, 'points/deep/root/')]);
    await execa(program, ['stackpoint', 'umount', 'deep'], { env });
    expect(stdout.split('\n')).to.have.length(100);
  });
});
