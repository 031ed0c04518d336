import { expect } from 'chai';
import type { DerivedImages } from '../support/derived-images.js';
import { program as call } from '../support/disk.js';
import { needNamespaces } from '../support/namespaces.js';
import { RpmImages } from '../support/rpm-images.js';
import { addZypper } from '../support/zypper-in-tree.js';

const sections = `[gone]
parent = base
packages = -keeper -recommended
[none]
parent = base
packages = nosuch
`;

describe('an image of a tree that has zypper', () => {
  let made: RpmImages;
  let images: DerivedImages;
  before(needNamespaces);
  before(async () => {
    const tree = {
      name: 'suse',
      osRelease: 'ID=opensuse-leap\nVERSION_ID=15.6\nNAME="openSUSE Leap"\n',
      list: 'etc/zypp/repos.d',
      settings: 'autorefresh=1\nbaseurl=dir:/srv/suse',
    };
    made = await RpmImages.make(tree, sections);
    ({ images } = made);
    addZypper(made.tree);
  });
  after(() => made?.remove());

  it('has packages added and removed in one go, so that what needs one of them stays', async () => {
    const { exitCode, all } = await images.build('web');
    expect(exitCode, all).to.equal(0);
    expect(made.packagesOf('base')).to.deep.equal(['keeper', 'old']);
    expect(made.packagesOf('web')).to.deep.equal(['fresh', 'keeper']);
    const files = call('tar', ['-tf', images.made(/^web-.*\.tar$/)]).split('\n');
    expect(files).to.include('usr/share/fresh-x86_64').and.not.include('usr/share/old-x86_64');
    expect(files.filter((path) => /^var\/cache\/zypp\/./.test(path) && !path.endsWith('/'))).to.deep.equal([]);
    images.expectNothingLeft();
  });

  it('has packages removed, and what is not there stays away', async () => {
    const { exitCode, all } = await images.build('gone');
    expect(exitCode, all).to.equal(0);
    expect(made.packagesOf('gone')).to.deep.equal(['old']);
  });

  it('is not built of packages that its repositories do not have', async () => {
    const { exitCode, all } = await images.build('none');
    expect(exitCode).to.equal(1);
    expect(all)
      .to.match(/ERROR: derive: zypper .* nosuch failed with exit code 104/)
      .and.to.match(/'nosuch' not found/);
    const needed = await images.build('needed');
    expect(needed.exitCode).to.equal(1);
    expect(needed.all).to.match(/ERROR: derive: rpm --erase recommended failed .*recommended is needed by .*needy/s);
    images.expectNothingLeft();
  });
});
