import { createHash } from 'node:crypto';
import { readFileSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { DerivedImages } from '../support/derived-images.js';
import { program as call } from '../support/disk.js';
import { needNamespaces } from '../support/namespaces.js';

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
run = plain.sh
bundles = tar
[bootable]
parent = plain
layout = ./root.yaml
files = kernel
bundles = vdi
`;

describe('an image that comes from a tree', () => {
  let images: DerivedImages;
  before(needNamespaces);
  beforeEach(() => {
    images = new DerivedImages(configuration);
    images.write('root.yaml', layout);
    // What ldconfig leaves is never the same twice.
    images.write(
      'plain.sh',
      'touch /etc/derived; mkdir -p /var/cache/ldconfig; cat /proc/uptime >/var/cache/ldconfig/aux-cache\n',
    );
  });
  afterEach(() => images?.remove());

  it('is an archive without a layout, and a disk with both a layout and a kernel; neither asks for libvirt', async () => {
    const temporary = new Set<string>();
    const watcher = watch(join(images.directory, 'tmp'), (_, name) => temporary.add(`${name}`.replace(/-\w+$/, '')));
    const both = await images.build('bootable', 'plain');
    watcher.close();
    expect(both.exitCode).to.equal(0, both.all);
    // These have no name any more when they get their content, so a build that is killed leaves none.
    expect([...temporary]).to.deep.equal(['image-factory-lines']);
    expect(both.all).to.match(/No disk is made: .* neither an installed ancestor nor a 'layout'/);
    const archive = images.made(/^plain-.*\.tar$/);
    expect(call('tar', ['-tf', archive]))
      .to.match(/etc\/derived/)
      .and.not.match(/aux-cache/);
    expect(images.made(/^plain-.*\.raw$/)).to.equal('');

    const disk = images.made(/^bootable-.*\.raw$/);
    expect(call('debugfs', ['-R', 'ls /etc', `${disk}?offset=${2 ** 20}`])).to.match(/ derived /);
    expect(both.all).to.match(/The disk won't boot by a BIOS: the tree has no GRUB/);
    expect(images.made(/^bootable-.*\.vdi$/)).not.to.equal('');

    expect((await images.build('bootable', 'plain')).all).to.match(/plain +up to date.*\n.*bootable +up to date/);
    rmSync(archive);
    images.write('root.yaml', `# the same\n${layout}`);
    expect((await images.build('bootable', 'plain')).all).to.match(
      /2 of 2 images done\n.*plain +done.*\n.*bootable +done/,
    );
    expect(images.made(/^plain-.*\.tar/)).not.to.equal('');
  });

  it('is made, and up to date, by its own name, though another image has the same tree', async () => {
    images.write('t.conf', `${configuration}[twin]\nlike = plain\n`);
    const both = await images.build('plain', 'twin', '--jobs', '2');
    expect(both.exitCode).to.equal(0, both.all);
    for (const name of ['plain', 'twin']) {
      expect(images.made(new RegExp(`^${name}-.*\\.tar`))).not.to.equal('');
      expect((await images.build(name)).all).to.match(new RegExp(`Nothing has changed: .*/${name}-[0-9-]+\\.tar`));
    }
  });

  it('stays as it is where a bundle would have its name, and all its bundles stay in one list', async () => {
    const made = await images.build('plain', '--bundles', 'tar-zst, docker', '--set', 'compression=zstd');
    expect(made.exitCode).to.equal(0, made.all);
    const image = images.made(/^plain-.*\.tar\.zst$/);
    const whole = readFileSync(image);
    const sha256 = createHash('sha256').update(whole).digest('hex');
    const list = () =>
      JSON.parse(readFileSync(images.made(/^plain-.*\.bundles\.json$/), 'utf8')) as {
        source: { sha256: string };
        bundles: { target: string; files: { name: string }[] }[];
      };
    expect(list().source.sha256).to.equal(sha256, 'the image is the one that the build made');
    expect(list().bundles.map(({ target, files }) => [target, files.length])).to.deep.equal([
      ['tar-zst', 0],
      ['docker', 1],
    ]);

    const more = await images.run('bundle', 'plain', 'tar-zst', 'wsl');
    expect(more.exitCode).to.equal(0, more.all);
    expect(more.all).to.match(/tar-zst: the image itself/);
    expect(readFileSync(image).equals(whole)).to.equal(true);
    expect(list().bundles.map(({ target }) => target)).to.deep.equal(['docker', 'tar-zst', 'wsl']);
  });

  it('is told what a script needs to run', async () => {
    images.write('plain.sh', '#!/usr/bin/perl -w\nprint "hello"\n');
    expect((await images.build('plain')).all).to.match(
      /ERROR: derive: plain\.sh can't run: its first line asks for "\/usr\/bin\/perl", which the tree does not have/,
    );
    images.write('plain.sh', '#!/bin/sh\r\ntrue\r\n');
    expect((await images.build('plain')).all).to.match(
      /asks for "\/bin\/sh\\r".*\n?.*Its lines end as on Windows: sed/,
    );
    images.expectNothingLeft();
  });

  it('is told what it can’t become', async () => {
    const text = configuration.replace('bundles = tar', 'bundles = qcow2\nlayout = ./root.yaml');
    images.write('t.conf', text);
    const { exitCode, all } = await images.build('plain');
    expect(exitCode).to.equal(1, all);
    expect(all).to.match(
      /the tree of plain has no kernel, so no disk can be made of it that boots\n.*'options = !kernel'/,
    );
    expect(images.made(/qcow2|raw/)).to.equal('');
    images.expectNothingLeft();

    images.write('t.conf', configuration.replace('bundles = tar', 'bundles = qcow2'));
    const early = await images.build('plain');
    expect(early.exitCode).to.equal(2, early.all);
    expect(early.all).to.match(
      /t\.conf:\d+: \[plain\] bundles = qcow2: the target 'qcow2' is a disk, and plain is none/,
    );
  });
});
