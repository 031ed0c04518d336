import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { whyNoNamespaces } from '../../src/sandbox/enter.js';
import { program } from '../support/demo-image.js';
import { program as call } from '../support/disk.js';
import { testHost } from '../support/host.js';
import { treeOfShell } from '../support/tree-of-shell.js';

const layout = `- local_loop: {name: image0}
- partitioning:
    base: image0
    label: mbr
    align: 1MiB
    partitions:
      - {name: root, size: 100%, flags: [boot, primary], mkfs: {type: ext4, mount: {mount_point: /, fstab: {}}}}
`;

/** No libvirt answers there, so whatever asks for it fails. */
const configuration = `[DEFAULT]
output-dir = out
connect = qemu+unix:///system?socket=/nowhere/libvirt-sock
boot-test = off
format = raw
image-size = 64M
kernel-arguments = quiet
[plain]
parent = file:tree
run = tree.sh
bundles = tar
[bootable]
parent = plain
layout = ./root.yaml
files = kernel
bundles = vdi
`;

describe('an image that comes from a tree', () => {
  let directory: string;
  before(async function () {
    const missing = await whyNoNamespaces(testHost());
    if (missing === undefined) return;
    console.log(`    ${missing.what}: ${missing.fix}`);
    this.skip();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'image-factory-forms-'));
    treeOfShell(join(directory, 'tree'));
    call('cp', [join(directory, 'tree/usr/bin/sh'), join(directory, 'tree/usr/bin/dash')]);
    mkdirSync(join(directory, 'kernel/boot'), { recursive: true });
    for (const name of ['vmlinuz-1', 'initrd.img-1']) writeFileSync(join(directory, 'kernel/boot', name), `${name}\n`);
    writeFileSync(join(directory, 'root.yaml'), layout);
    writeFileSync(join(directory, 'tree.sh'), 'touch /etc/derived\n');
    writeFileSync(join(directory, 't.conf'), configuration);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const build = async (...words: string[]) => {
    const { exitCode, all } = await execa(program, [...words, '--cache-dir', join(directory, 'cache')], {
      cwd: directory,
      env: { IMAGE_FACTORY_STORE_DIR: join(directory, 'store'), IMAGE_FACTORY_CONFIG: 't.conf' },
      reject: false,
      all: true,
    });
    return { exitCode, all: String(all) };
  };
  const made = (pattern: RegExp) => readdirSync(join(directory, 'out')).find((name) => pattern.test(name)) ?? '';

  it('is a tree alone without a layout or a kernel, and a disk with both; neither asks for libvirt', async () => {
    const both = await build('bootable', 'plain');
    expect(both.exitCode).to.equal(0, both.all);
    expect(both.all).to.match(/WARNING: No disk is made: none of its ancestors was installed/);
    const archive = made(/^plain-.*\.tar$/);
    expect(call('tar', ['-tf', join(directory, 'out', archive)])).to.match(/etc\/derived/);
    expect(made(/^plain-.*\.raw$/)).to.equal('');

    const disk = join(directory, 'out', made(/^bootable-.*\.raw$/));
    expect(call('debugfs', ['-R', 'ls /etc', `${disk}?offset=${2 ** 20}`])).to.match(/ derived /);
    expect(both.all).to.match(/The disk won't boot by a BIOS: the tree has no GRUB/);
    expect(existsSync(join(directory, 'out', made(/^bootable-.*\.vdi$/)))).to.equal(true);

    expect((await build('bootable', 'plain')).all).to.match(/plain +up to date.*\n.*bootable +up to date/);
    rmSync(join(directory, 'out', archive));
    writeFileSync(join(directory, 'root.yaml'), `# the same\n${layout}`);
    expect((await build('bootable', 'plain')).all).to.match(/2 of 2 images done\n.*plain +done.*\n.*bootable +done/);
    expect(made(/^plain-.*\.tar/)).not.to.equal('');
  });

  it('is told what it can’t become', async () => {
    const text = configuration.replace('bundles = tar', 'bundles = qcow2\nlayout = ./root.yaml');
    writeFileSync(join(directory, 't.conf'), text);
    const { exitCode, all } = await build('plain');
    expect(exitCode).to.equal(1, all);
    expect(all).to.match(/No disk is made: the tree has no kernel to start/);
    expect(all).to.match(/bundle: the target 'qcow2' is made of a disk, and plain is a tree alone\n.*a kernel/);
    expect(readdirSync(join(directory, 'out')).filter((name) => /qcow2|raw|build/.test(name))).to.deep.equal([]);
  });
});
