import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { hasKernel, kernelFor } from './kernel.js';

const lists = {
  'boot/vmlinuz-6.12.1-amd64': '',
  'lib/modules/6.12.1-amd64/modules.builtin': 'kernel/drivers/virtio/virtio_pci.ko\nkernel/crypto/crc32c_generic.ko\n',
  'lib/modules/6.12.1-amd64/modules.dep': [
    'kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/fs/mbcache.ko.xz',
    'kernel/fs/jbd2/jbd2.ko.xz:',
    'kernel/fs/mbcache.ko.xz:',
    'kernel/fs/overlayfs/overlay.ko.xz:',
    'kernel/drivers/block/virtio_blk.ko.xz:',
    'kernel/drivers/char/virtio_console.ko.xz:',
    'kernel/drivers/net/virtio-net.ko.xz:',
  ].join('\n'),
};

describe('the kernel of a guest', () => {
  let tree: string;
  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), 'kernel-test-'));
    for (const [name, text] of Object.entries(lists)) {
      mkdirSync(dirname(join(tree, name)), { recursive: true });
      writeFileSync(join(tree, name), text);
    }
  });
  afterEach(() => rmSync(tree, { recursive: true }));

  it("is the tree's own, with modules after those that they need, and without those that are built in", async () => {
    const { version, image, modules } = await kernelFor(tree, 'the parent', { here: tree });
    expect({ version, image }).to.deep.equal({
      version: '6.12.1-amd64',
      image: join(tree, 'boot/vmlinuz-6.12.1-amd64'),
    });
    const names = modules.map((file) => file.replace(/^.*\//, ''));
    expect(names).to.have.members([
      ...['ext4.ko.xz', 'jbd2.ko.xz', 'mbcache.ko.xz', 'overlay.ko.xz'],
      ...['virtio_blk.ko.xz', 'virtio_console.ko.xz', 'virtio-net.ko.xz'],
    ]);
    expect(names.indexOf('jbd2.ko.xz')).to.be.lessThan(names.indexOf('ext4.ko.xz'));
  });

  it('is an older one where the newest has not what is needed', async () => {
    writeFileSync(join(tree, 'boot/vmlinuz-6.13.0-odd'), '');
    mkdirSync(join(tree, 'lib/modules/6.13.0-odd'));
    writeFileSync(join(tree, 'lib/modules/6.13.0-odd/modules.dep'), 'kernel/fs/ext4/ext4.ko:\n');
    expect((await kernelFor(tree, 'the parent', { here: tree })).version).to.equal('6.12.1-amd64');
  });

  it('is refused with what each one lacks, and what to do', async () => {
    rmSync(join(tree, 'lib/modules/6.12.1-amd64/modules.dep'));
    const empty = join(tree, 'empty');
    mkdirSync(empty);
    const failure = await kernelFor(tree, 'the parent', { here: empty }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Failure);
    expect((failure as Failure).message).to.equal(
      'derive-in = vm: there is no kernel to start a virtual machine with: the parent: kernel 6.12.1-amd64 has no virtio_blk, virtio_console, virtio_net, ext4, overlay; this machine has no kernel in /boot',
    );
    expect((failure as Failure).hint).to.contain('linux-image-amd64');
  });

  it('is looked for on this machine alone where there is no tree yet', async () => {
    expect(await hasKernel(tree)).to.equal(true);
    rmSync(join(tree, 'lib/modules/6.12.1-amd64/modules.dep'));
    expect(await hasKernel(tree)).to.equal(false);
  });

  it('is refused without naming an option where nothing but a virtual machine works', async () => {
    const empty = join(tree, 'empty');
    mkdirSync(empty);
    const failure = await kernelFor(empty, 'the installed system', { here: empty, namespaces: 'closed' }).catch(
      (error: unknown) => error,
    );
    const { message, hint } = failure as Failure;
    expect(message).to.match(
      /^namespaces are closed here, and there is no kernel to start a virtual machine with: the /,
    );
    expect(`${message} ${hint}`).not.to.contain('derive-in');
    expect(hint).to.contain("'image-factory doctor'");
  });
});
