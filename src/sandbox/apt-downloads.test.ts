import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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
      Promise.resolve().then(() => action(directory)),
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

  /** Makes it look as if something had been kept some hours ago. */
  const age = (path: string, hours: number) => {
    const time = Date.now() / 1000 - hours * 3600;
    utimesSync(join(top, 'shared', path), time, time);
  };
  const keepSome = () =>
    build('one', (directory) => {
      for (const name of ['a', 'old']) writeFileSync(join(directory, `${name}.deb`), name);
    });
  const buildOther = () => build('two', () => undefined, false);

  it('are removed a day after they were kept, where no list names them any more', async () => {
    await keepSome();
    age('lists', 1);
    for (const [hours, isThere] of [[23, true] as const, [25, false] as const]) {
      for (const name of ['a', 'old']) age(`packages/${name}.deb`, hours);
      await build(`after-${hours}`, () => undefined, false);
      expect(existsSync(join(top, 'shared/packages/old.deb'))).to.equal(isThere);
    }
    expect(kept('a.deb')).to.equal('a');
  });

  it('stay while another build may be keeping lists', async () => {
    await keepSome();
    age('packages/old.deb', 25);
    await buildOther();
    expect(kept('old.deb')).to.equal('old');
  });

  it('stay where a list names them that does not count, as after a build of another architecture', async () => {
    await keepSome();
    const other = `Package: old\nSHA256: ${sha256('old')}\n`;
    writeFileSync(join(top, 'shared/lists/mirror_dists_stable_main_binary-arm64_Packages'), other);
    age('lists', 1);
    age('packages/old.deb', 25);
    await buildOther();
    expect(kept('old.deb')).to.equal('old');
  });

  it('stay where the lists are gone', async () => {
    await keepSome();
    await build('fails', () => {
      throw new Error('the lists');
    }).catch(() => undefined);
    for (const path of ['lists', 'packages/a.deb', 'packages/old.deb']) age(path, 25);
    await buildOther();
    expect(readdirSync(join(top, 'shared/packages')).sort()).to.deep.equal(['a.deb', 'old.deb']);
  });
});
