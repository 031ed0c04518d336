import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { lendPackages } from './package-cache.js';
import { dnfDownloads, zypperDownloads } from './rpm-downloads.js';

describe('rpm packages that builds share', () => {
  let top: string;
  let shared: string;
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'rpm-downloads-'));
    shared = join(top, 'shared');
  });
  afterEach(() => rmSync(top, { recursive: true }));

  const write = (directory: string, path: string, text = path) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const files = (directory: string) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(directory, path)).isFile())
      .sort();
  const kept = () => files(join(shared, 'rpms'));
  const build = (action: (directory: string) => unknown, downloads = dnfDownloads) =>
    lendPackages(testHost(), downloads, { shared, root: '/' }, async (directory) => {
      await action(directory);
    });

  it('are lent as copies, so that no build writes into those of another one', async () => {
    await build((directory) => write(directory, 'fedora-1/packages/a.rpm'));
    await build((directory) => {
      expect(files(directory)).to.deep.equal(['fedora-1/packages/a.rpm']);
      write(directory, 'fedora-1/packages/a.rpm', 'new');
      expect(readFileSync(join(shared, 'rpms/fedora-1/packages/a.rpm'), 'utf8')).to.equal('fedora-1/packages/a.rpm');
    });
    expect(readFileSync(join(shared, 'rpms/fedora-1/packages/a.rpm'), 'utf8')).to.equal('new');
  });

  it('stay the same files for builds that fetch nothing', async () => {
    await build((directory) => write(directory, 'fedora-1/packages/a.rpm'));
    const { ino } = statSync(join(shared, 'rpms/fedora-1/packages/a.rpm'));
    await build(() => undefined);
    expect(statSync(join(shared, 'rpms/fedora-1/packages/a.rpm')).ino).to.equal(ino);
  });

  it('are plain files of known names that nobody can run, whatever the tree has put there', async () => {
    write(top, 'outside/a.rpm');
    await build((directory) => {
      write(directory, 'fedora-1/packages/a.rpm');
      chmodSync(join(directory, 'fedora-1/packages/a.rpm'), 0o4755);
      symlinkSync(join(top, 'outside/a.rpm'), join(directory, 'fedora-1/packages/link.rpm'));
      symlinkSync(join(top, 'outside'), join(directory, 'fedora-1/repodata'));
      mkdirSync(join(directory, 'fedora-2'));
      symlinkSync(join(top, 'outside'), join(directory, 'fedora-2/packages'));
      execFileSync('mkfifo', [join(directory, 'fedora-1/packages/fifo.rpm')]);
      for (const path of ['fedora.solv', 'a.rpm', 'fedora-1/packages/a.rpm.part']) write(directory, path);
      // Of dnf5: its digest of the metadata, and that they are to be asked for.
      for (const path of ['fedora-1/solv/fedora.solv', 'fedora-1/attrs/expired']) write(directory, path);
    });
    expect(kept()).to.deep.equal(['fedora-1/packages/a.rpm']);
    expect(statSync(join(shared, 'rpms/fedora-1/packages/a.rpm')).mode & 0o7777).to.equal(0o644);
    expect(files(join(top, 'outside'))).to.deep.equal(['a.rpm']);
  });

  it('lie as zypper looks for them, and no file is in the way of a directory', async () => {
    const paths = ['oss/a.rpm', 'oss/noarch/b.rpm'];
    await build((directory) => {
      for (const path of [...paths, 'c.rpm/d.rpm', 'e.rpm']) write(directory, path);
    }, zypperDownloads);
    expect(kept()).to.deep.equal(paths);
    await build((directory) => expect(files(directory)).to.deep.equal(paths), zypperDownloads);
  });

  it('come with the metadata of their repository, which is replaced whole', async () => {
    await build((directory) => {
      for (const path of ['1/packages/a.rpm', '1/repodata/repomd.xml', '1/repodata/old.gz', '2/repodata/repomd.xml'])
        write(directory, path);
    });
    await build((directory) => {
      rmSync(join(directory, '1/repodata'), { recursive: true });
      rmSync(join(directory, '2'), { recursive: true });
      for (const path of ['1/repodata/repomd.xml', '1/repodata/new.gz']) write(directory, path, 'new');
    });
    expect(kept()).to.deep.equal([
      '1/packages/a.rpm',
      '1/repodata/new.gz',
      '1/repodata/repomd.xml',
      '2/repodata/repomd.xml',
    ]);
  });

  it('stay without the metadata when a build fails', async () => {
    await build((directory) => {
      for (const path of ['1/packages/a.rpm', '1/repodata/repomd.xml']) write(directory, path);
    });
    await build(() => Promise.reject(new Error('metadata'))).catch(() => undefined);
    expect(kept()).to.deep.equal(['1/packages/a.rpm']);
  });
});
