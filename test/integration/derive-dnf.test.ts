import { expect } from 'chai';
import type { DerivedImages } from '../support/derived-images.js';
import { program as call } from '../support/disk.js';
import { addDnf } from '../support/dnf-in-tree.js';
import { needNamespaces } from '../support/namespaces.js';
import { RpmImages } from '../support/rpm-images.js';

describe('an image of a tree that has dnf', () => {
  let made: RpmImages;
  let images: DerivedImages;
  before(needNamespaces);
  before(async () => {
    made = await RpmImages.make({
      name: 'fedora',
      osRelease: 'ID=fedora\nVERSION_ID=42\nNAME="Fedora Linux"\n',
      list: 'etc/yum.repos.d',
      settings: 'baseurl=file:///srv/fedora',
    });
    ({ images } = made);
    addDnf(made.tree);
  });
  after(() => made?.remove());

  it('has packages removed that others replace, while what needs one of them stays', async () => {
    const { exitCode, all } = await images.build('web');
    expect(exitCode, all).to.equal(0);
    expect(made.packagesOf('base')).to.deep.equal(['keeper', 'old']);
    expect(made.packagesOf('web')).to.deep.equal(['fresh', 'keeper']);
    const files = call('tar', ['-tf', images.made(/^web-.*\.tar$/)]).split('\n');
    expect(files).to.include('usr/share/fresh-x86_64').and.not.include('usr/share/old-x86_64');
    expect(files.filter((path) => /^var\/cache\/dnf\/./.test(path) && !path.endsWith('/'))).to.deep.equal([]);
    images.expectNothingLeft();
  });

  it('is not built of packages that need what is left out', async () => {
    const needed = await images.build('needed');
    expect(needed.exitCode).to.equal(1);
    expect(needed.all)
      .to.match(/ERROR: derive: .*needy/s)
      .and.to.match(/recommended/);
    images.expectNothingLeft();
  });
});
