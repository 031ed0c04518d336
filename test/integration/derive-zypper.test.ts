import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { DerivedImages } from '../support/derived-images.js';
import { program as call } from '../support/disk.js';
import { needNamespaces } from '../support/namespaces.js';
import { RpmRepository } from '../support/rpm-repository.js';
import { addPrograms } from '../support/tree-of-shell.js';

const configuration = `[DEFAULT]
output-dir = out
boot-test = off
format = raw
compression = none
[base]
parent = file:tree
packages = old keeper
[web]
parent = base
packages = fresh -old -recommended
[gone]
parent = base
packages = -keeper -recommended
[none]
parent = base
packages = nosuch
[needed]
parent = base
packages = needy -recommended
`;

describe('an image of a tree that has zypper', () => {
  let images: DerivedImages;
  let repository: RpmRepository;
  before(needNamespaces);
  before(async () => {
    repository = await RpmRepository.make();
    images = new DerivedImages(configuration);
    const tree = join(images.directory, 'tree');
    // libzypp and rpm of this machine.
    addPrograms(tree, [
      'zypper',
      'rpm',
      'rpmkeys',
      'rpmdb',
      'rpmdb2solv',
      'repo2solv',
      'bash',
      'gzip',
      'cp',
      'mv',
      'find',
      'ls',
    ]);
    for (const path of ['/usr/lib/rpm', '/usr/share/zypper'])
      cpSync(path, join(tree, path), { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(tree, 'etc/os-release'), 'ID=opensuse-leap\nVERSION_ID=15.6\nNAME="openSUSE Leap"\n');
    await repository.publish('suse', [
      { name: 'old', tags: ['Provides: server'] },
      { name: 'keeper', tags: ['Requires: server'] },
      { name: 'fresh', tags: ['Provides: server', 'Conflicts: old', 'Recommends: recommended'] },
      { name: 'recommended' },
      { name: 'needy', tags: ['Requires: recommended'] },
    ]);
    mkdirSync(join(tree, 'etc/zypp/repos.d'), { recursive: true });
    cpSync(join(repository.directory, 'suse'), join(tree, 'srv/suse'), { recursive: true });
    writeFileSync(
      join(tree, 'etc/zypp/repos.d/suse.repo'),
      '[suse]\nname=suse\nenabled=1\nautorefresh=1\nbaseurl=dir:/srv/suse\ngpgcheck=0\n',
    );
    // Debian's rpm has a database for each user.
    mkdirSync(join(tree, 'etc/rpm'));
    writeFileSync(join(tree, 'etc/rpm/macros'), '%_dbpath /usr/lib/sysimage/rpm\n');
    appendFileSync(join(tree, 'etc/group'), 'trusted:x:42:\n');
  });
  after(async () => {
    images?.remove();
    await repository?.remove();
  });

  const packagesOf = (image: string) => {
    const { packages } = JSON.parse(
      readFileSync(images.made(new RegExp(`^${image}-.*\\.manifest\\.json$`)), 'utf8'),
    ) as { packages: { name: string }[] };
    return packages.map(({ name }) => name).sort();
  };

  it('has packages added and removed in one go, so that what needs one of them stays', async () => {
    const { exitCode, all } = await images.build('web');
    expect(exitCode, all).to.equal(0);
    expect(packagesOf('base')).to.deep.equal(['keeper', 'old']);
    expect(packagesOf('web')).to.deep.equal(['fresh', 'keeper']);
    const files = call('tar', ['-tf', images.made(/^web-.*\.tar$/)]).split('\n');
    expect(files).to.include('usr/share/fresh-x86_64').and.not.include('usr/share/old-x86_64');
    expect(files.filter((path) => /^var\/cache\/zypp\/./.test(path) && !path.endsWith('/'))).to.deep.equal([]);
    images.expectNothingLeft();
  });

  it('has packages removed, and what is not there stays away', async () => {
    const { exitCode, all } = await images.build('gone');
    expect(exitCode, all).to.equal(0);
    expect(packagesOf('gone')).to.deep.equal(['old']);
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
