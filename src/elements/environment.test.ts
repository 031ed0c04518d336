import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemIn } from './environment.js';

describe('the system in a tree', () => {
  let tree: string;
  beforeEach(() => (tree = mkdtempSync(join(tmpdir(), 'tree-'))));
  afterEach(() => rmSync(tree, { recursive: true }));

  it('is missed in words of the user, who knows nothing of where a build mounts the tree', async () => {
    expect(String(await systemIn(tree).catch((error: unknown) => error))).to.match(
      /the parent has no \/usr\/lib\/os-release: it is no system on which elements can be run$/,
    );
  });

  it('is found in a lower layer, where the upper one has not changed it', async () => {
    mkdirSync(join(tree, 'lower/usr/lib'), { recursive: true });
    mkdirSync(join(tree, 'upper/usr/lib'), { recursive: true });
    writeFileSync(join(tree, 'lower/usr/lib/os-release'), 'ID=debian\nVERSION_CODENAME=trixie\n');
    const system = await systemIn(join(tree, 'upper'), join(tree, 'lower'));
    expect(system).to.deep.equal({ id: 'debian', codename: 'trixie' });
  });

  it('is that of the tree, where links are absolute, and never that of the build machine', async () => {
    mkdirSync(join(tree, 'etc'));
    mkdirSync(join(tree, 'opt'));
    symlinkSync('/opt/os-release', join(tree, 'etc/os-release'));
    writeFileSync(join(tree, 'opt/os-release'), 'ID=small\n');
    mkdirSync(join(tree, 'usr/lib'), { recursive: true });
    // Which the build machine has.
    symlinkSync('/etc/os-release', join(tree, 'usr/lib/os-release'));
    expect(await systemIn(tree)).to.deep.equal({ id: 'small', codename: '' });
  });
});
