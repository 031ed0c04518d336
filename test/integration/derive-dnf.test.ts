import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { DerivedImages } from '../support/derived-images.js';
import { program as call } from '../support/disk.js';
import { addDnf } from '../support/dnf-in-tree.js';
import { needNamespaces } from '../support/namespaces.js';
import { RpmRepository } from '../support/rpm-repository.js';

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
[needed]
parent = base
packages = needy -recommended
`;

describe('an image of a tree that has dnf', () => {
  let images: DerivedImages;
  let repository: RpmRepository;
  before(needNamespaces);
  before(async () => {
    repository = await RpmRepository.make();
    images = new DerivedImages(configuration);
    const tree = join(images.directory, 'tree');
    addDnf(tree);
    writeFileSync(join(tree, 'etc/os-release'), 'ID=fedora\nVERSION_ID=42\nNAME="Fedora Linux"\n');
    await repository.publish('fedora', [
      { name: 'old', tags: ['Provides: server'] },
      { name: 'keeper', tags: ['Requires: server'] },
      { name: 'fresh', tags: ['Provides: server', 'Conflicts: old', 'Recommends: recommended'] },
      { name: 'recommended' },
      { name: 'needy', tags: ['Requires: recommended'] },
    ]);
    mkdirSync(join(tree, 'etc/yum.repos.d'), { recursive: true });
    cpSync(join(repository.directory, 'fedora'), join(tree, 'srv/fedora'), { recursive: true });
    writeFileSync(
      join(tree, 'etc/yum.repos.d/fedora.repo'),
      '[fedora]\nname=fedora\nenabled=1\nbaseurl=file:///srv/fedora\ngpgcheck=0\n',
    );
    mkdirSync(join(tree, 'etc/rpm'));
    // Debian's rpm has a database for each user.
    writeFileSync(join(tree, 'etc/rpm/macros'), '%_dbpath /usr/lib/sysimage/rpm\n');
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

  it('has packages removed that others replace, while what needs one of them stays', async () => {
    const { exitCode, all } = await images.build('web');
    expect(exitCode, all).to.equal(0);
    expect(packagesOf('base')).to.deep.equal(['keeper', 'old']);
    expect(packagesOf('web')).to.deep.equal(['fresh', 'keeper']);
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
