import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { sha256 } from '../../test/support/mirror.js';
import { aptDownloads } from './apt-downloads.js';
import { lendPackages } from './package-cache.js';

const packages = `Package: a\nSHA256: ${sha256('a')}\n\nPackage: b\nSHA256: ${sha256('b')}\n`;

describe('packages of apt that builds share', () => {
  let top: string;
  beforeEach(() => (top = mkdtempSync(join(tmpdir(), 'apt-downloads-'))));
  afterEach(() => rmSync(top, { recursive: true }));

  const kept = (name: string) => readFileSync(join(top, 'shared/packages', name), 'utf8');

  /** @param tree a new one, with the lists of the mirror if apt gets them there */
  const build = (tree: string, action: (directory: string) => void, hasLists = true) => {
    const root = join(top, tree);
    const lists = join(root, 'var/lib/apt/lists');
    mkdirSync(lists, { recursive: true });
    if (hasLists) {
      const sums = `SHA256:\n ${sha256(packages)} ${packages.length} main/binary-amd64/Packages\n`;
      writeFileSync(join(lists, 'mirror_dists_stable_InRelease'), sums);
      writeFileSync(join(lists, 'mirror_dists_stable_main_binary-amd64_Packages'), packages);
    }
    return lendPackages(testHost(), aptDownloads, { shared: join(top, 'shared'), root }, (directory) =>
      Promise.resolve(action(directory)),
    );
  };

  it('are lent as copies of those that the lists have, so that no build writes into those of another one', async () => {
    await build('one', (directory) => {
      for (const name of ['a', 'b', 'unknown']) writeFileSync(join(directory, `${name}.deb`), name);
      symlinkSync('/etc/passwd', join(directory, 'link.deb'));
    });
    expect(readdirSync(join(top, 'shared/packages')).sort()).to.deep.equal(['a.deb', 'b.deb', 'unknown.deb']);
    await build(
      'two',
      (directory) => {
        expect(readdirSync(directory).sort()).to.deep.equal(['a.deb', 'b.deb']);
        writeFileSync(join(directory, 'a.deb'), 'changed');
        expect(kept('a.deb')).to.equal('a');
      },
      false,
    );
    expect(kept('a.deb')).to.equal('changed');
    await build('three', (directory) => expect(readdirSync(directory)).to.deep.equal(['b.deb']), false);
  });
});
