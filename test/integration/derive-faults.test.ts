import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { DerivedImages } from '../support/derived-images.js';
import { program as call } from '../support/disk.js';
import { isRoot } from '../support/small-tree.js';

const layout = `- local_loop: {name: image0}
- partitioning:
    base: image0
    label: mbr
    partitions:
      - {name: root, size: 100%, flags: [boot, primary], mkfs: {type: ext4, mount: {mount_point: /, fstab: {}}}}
`;

const configuration = `[DEFAULT]
output-dir = out
boot-test = off
format = raw
image-size = 64M
[web]
parent = file:tree
files = kernel
run = web.sh
layout = ./root.yaml
bundles = tar
`;

/** A file system of its own, so that it is really full: nothing else on the machine notices. */
describe('a derived image on a full disk', () => {
  let images: DerivedImages;
  let small: string;
  before(function () {
    if (isRoot) return;
    console.log('    Only root may mount a small file system: run it as root');
    this.skip();
  });
  beforeEach(() => (images = new DerivedImages(configuration)));
  afterEach(() => {
    if (images === undefined) return;
    call('umount', [small]);
    images.remove();
  });

  function makeSmall(directory: string, size: string): void {
    small = join(images.directory, directory);
    call('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'small', small]);
  }
  const enlarge = () => call('mount', ['-o', 'remount,size=256M', small]);
  const used = () => Number(call('du', ['-s', '--block-size=1M', small]).split('\t')[0]);

  it('leaves no half tree where a script or a copy fills the store, and is built once there is room', async () => {
    makeSmall('store', '16M');
    images.write('root.yaml', layout);
    images.write('web.sh', 'set -e\ncat /dev/zero >/full\n');
    const byScript = await images.build('web');
    expect(byScript.exitCode).to.equal(1, byScript.all);
    expect(byScript.all).to.match(/derive: web\.sh failed with exit code 1:\ncat: .*No space left on device/);
    images.expectNothingLeft();
    const before = used();

    images.write('web.sh', 'touch /etc/web\n');
    mkdirSync(join(images.directory, 'kernel/srv'));
    images.write('kernel/srv/large', randomBytes(20 * 2 ** 20));
    const byCopy = await images.build('web');
    expect(byCopy.exitCode).to.equal(1, byCopy.all);
    expect(byCopy.all).to.match(/ERROR: derive: .*no space left/i);
    images.expectNothingLeft();
    expect(used()).to.equal(before);

    enlarge();
    const { exitCode, all } = await images.build('web');
    expect(exitCode).to.equal(0, all);
    images.expectNothingLeft();
  });

  it('leaves no half disk or bundle where the output directory is full', async () => {
    makeSmall('out', '2M');
    images.write('root.yaml', layout);
    images.write('web.sh', 'touch /etc/web\n');
    const disk = await images.build('web');
    expect(disk.exitCode).to.equal(1, disk.all);
    expect(disk.all).to.match(/ERROR: disk: .*(no space left|could not allocate)/is);
    images.expectNothingLeft();

    enlarge();
    const { exitCode, all } = await images.build('web');
    expect(exitCode).to.equal(0, all);
    images.expectNothingLeft();
    const kibibytes = (pattern: RegExp) => Number(call('du', ['--block-size=1K', images.made(pattern)]).split('\t')[0]);
    // The disk fits, and half of the archive.
    const room = kibibytes(/\.raw$/) + Math.floor(kibibytes(/\.tar$/) / 2);

    for (const name of readdirSync(small)) rmSync(join(small, name), { recursive: true });
    call('mount', ['-o', `remount,size=${room}K`, small]);
    const bundle = await images.build('web');
    expect(bundle.exitCode).to.equal(1, bundle.all);
    expect(bundle.all).to.match(/ERROR: bundle: .*no space left/is);
    expect(images.made(/tar/)).to.equal('');
    enlarge();
    const resumed = await images.build('web', '--resume');
    expect(resumed.exitCode).to.equal(0, resumed.all);
    expect(images.made(/\.tar$/)).not.to.equal('');
    images.expectNothingLeft();
  });
});
