import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { DerivedImages } from '../support/derived-images.js';
import { program } from '../support/demo-image.js';
import { needNamespaces } from '../support/namespaces.js';

const minutes = 60_000;

const configuration = `[DEFAULT]
output-dir = out
boot-test = off
[web]
parent = file:tree
files = files
run = web.sh
`;

/** What comes out differs where owners, set-uid bits, links, removed files or replaced directories are lost. */
const script = `set -e
test "$IMAGE" = web
cat /etc/page
mkdir /srv
cat /etc/page >/srv/tool
chown 33:33 /srv/tool
chmod 6755 /srv/tool
chmod 1777 /srv
rm /etc/fstab
rm -r /etc/replaced
mkdir /etc/replaced
touch /etc/replaced/new
chmod 700 /home
`;

describe('a derived image that is made in a virtual machine, with the kernel of the demo', function () {
  this.timeout(15 * minutes);
  let images: DerivedImages;
  before(needNamespaces);
  before(async () => {
    images = new DerivedImages(configuration);
    await giveKernel(images);
    mkdirSync(join(images.directory, 'files/etc'), { recursive: true });
    images.write('files/etc/page', 'a page\n');
    images.write('files.modes', 'web - 0640 /etc/page\n');
    mkdirSync(join(images.directory, 'tree/etc/replaced'));
    images.write('tree/etc/replaced/old', '');
  });
  after(() => images?.remove());

  /** The kernel and modules of the demo, as its image has them. */
  async function giveKernel({ directory }: DerivedImages): Promise<void> {
    const netboot = join(directory, 'netboot');
    await execa(join(program, '../../demo/make-netboot'), [netboot]);
    const [deb = ''] = readdirSync(join(netboot, 'packages')).filter((name) => name.startsWith('linux-image-'));
    await execa('dpkg-deb', ['-x', join(netboot, 'packages', deb), join(directory, 'unpacked')]);
    for (const name of ['boot', 'usr/lib/modules']) {
      const to = join(directory, 'tree', name);
      mkdirSync(dirname(to), { recursive: true });
      await execa('cp', ['-a', join(directory, 'unpacked', name), to]);
    }
  }

  function layer(): { readonly name: string; readonly manifest: string } {
    const layers = join(images.directory, 'store/layers');
    const [name = ''] = readdirSync(layers).filter((each) => each.startsWith('web-'));
    return { name, manifest: readFileSync(join(layers, name, 'manifest'), 'latin1') };
  }

  it('is the same layer as in namespaces, and where it was made makes nothing stale', async () => {
    images.write('web.sh', script);
    const first = await images.build('web', '--set', 'derive-in=vm');
    expect(first.exitCode).to.equal(0, first.all);
    expect(first.all).to.match(/Starting a virtual machine with the kernel \d/);
    images.expectNothingLeft();
    const made = layer();
    expect(made.manifest).to.contain('srv/tool').and.to.contain('mode=06755');

    const second = await images.build('web', '--set', 'derive-in=namespace');
    expect(second.all).to.contain('Nothing has changed');

    const env = { IMAGE_FACTORY_STORE_DIR: join(images.directory, 'store') };
    await execa(program, ['layer', 'delete', made.name], { env });
    const third = await images.build('web', '--set', 'derive-in=namespace');
    expect(third.exitCode).to.equal(0, third.all);
    expect(third.all).not.to.contain('virtual machine');
    expect(layer()).to.deep.equal(made);
  });
});
