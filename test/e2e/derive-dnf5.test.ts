import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { program as call } from '../support/disk.js';
import { describeRpmDownloads } from '../support/rpm-downloads.js';
import { aptMirrorUrl } from './apt-mirror.js';

// No release of Debian has dnf5, but sid has.
describe('with dnf5 of sid', () => {
  let directory: string;
  before(async function () {
    directory = mkdtempSync(join(tmpdir(), 'sid-'));
    const { failed, all } = await execa(
      'mmdebstrap',
      [
        ...['--variant=extract', '--include=dnf5,rpm', '--aptopt=Acquire::Check-Valid-Until "false"'],
        ...['sid', archive(), await aptMirrorUrl()],
      ],
      { reject: false, all: true },
    );
    if (!failed) return;
    console.log(`    The mirror of this machine's apt gives no dnf5 of sid:\n${all}`);
    this.skip();
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  describeRpmDownloads({
    manager: 'dnf5',
    addManager(tree) {
      call('tar', ['-xf', archive(), '-C', tree, '--no-same-owner', './etc', './usr']);
      // It has packages kept in a repository of the tree's own, which is made by a program that the tree does not have.
      writeFileSync(join(tree, 'etc/dnf/libdnf5-plugins/local.conf'), '[main]\nname=local\nenabled=0\n');
    },
    name: 'fedora',
    osRelease: 'ID=fedora\nVERSION_ID=43\nNAME="Fedora Linux"\n',
    list: 'etc/yum.repos.d',
    metadata: ['primary'],
    withoutMirror: 'cacheonly=metadata',
    ownMetadata: 'var/cache/libdnf5',
  });

  function archive(): string {
    return join(directory, 'sid.tar');
  }
});
