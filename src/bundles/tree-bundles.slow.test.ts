import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { epoch, makeAll, shippedTargets, systemOnDisk, systemTree, target } from '../../test/support/bundled-system.js';
import { program } from '../../test/support/disk.js';
import { testHost } from '../../test/support/host.js';
import { isRoot } from '../../test/support/small-tree.js';
import type { BundleTarget } from '../config/bundle-target.js';
import { copyTree } from '../layers/import/copy-tree.js';
import { addLayer } from '../layers/layers.js';
import { contentOf } from '../layers/manifest.js';
import { openStore, type Store } from '../layers/store.js';
import { treeOfFile, treeOfLayer } from './capture.js';
import { omissions } from './omissions.js';
import type { BundleRecord } from './record.js';

const base = 'debian-13-2024-01-01';

describe('bundles of files', function () {
  before(function () {
    if (isRoot) return;
    console.log('      skipped: they have files of all owners, and mount layers; run the tests as root');
    this.skip();
  });

  let scratch: string;
  let tree: string;
  let out: string;
  let host: ReturnType<typeof testHost>;
  let store: Store;
  let made: BundleRecord[];

  const make = (name: string, targets: readonly BundleTarget[], layer: string) => {
    const own = testHost();
    return own.release.after(own.log, async () =>
      makeAll(own, join(scratch, name), targets, await treeOfLayer({ ...store, host: own }, layer, 'debian-13')),
    );
  };
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'image-factory-bundles-'));
    tree = systemTree(join(scratch, 'tree'));
    host = testHost();
    store = await openStore(host, join(scratch, 'store'));
    await addLayer(store, { name: 'debian', fill: (to) => copyTree(store, tree, to) });
    await addLayer(store, {
      name: 'web',
      parent: 'debian',
      fill(to) {
        mkdirSync(join(to, 'etc'), { recursive: true });
        writeFileSync(join(to, 'etc/motd'), 'web\n');
        mkdirSync(join(to, 'boot'));
        writeFileSync(join(to, 'boot/vmlinuz-7.0.0-1'), 'another kernel');
        program('mknod', [join(to, 'etc/hostname'), 'c', '0', '0']);
        return Promise.resolve();
      },
    });
    out = join(scratch, 'out');
    made = await make(
      'out',
      shippedTargets('files').map((name) => target(name)),
      'web',
    );
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  const at = (end: string) => join(out, `${base}.${end}`);
  const listed = (end: string) =>
    program('tar', ['--list', '--file', at(end)])
      .trim()
      .split('\n')
      .map((name) => name.replace(/^\.\//, ''));
  /** What an archive holds, unpacked with all that belongs to it. */
  const unpacked = (end: string, file = at(end)): string => {
    const directory = join(scratch, `unpacked ${end}`);
    mkdirSync(directory);
    program('tar', [
      '--extract',
      '--numeric-owner',
      '--same-owner',
      '--xattrs',
      '--xattrs-include=*',
      '--file',
      file,
      '--directory',
      directory,
    ]);
    return directory;
  };
  const release = (root: string) =>
    program('chroot', [root, '/bin/sh', '-c', 'read -r line </usr/lib/os-release; echo "$line"']);
  /** What a machine of its own needs, as far as it is there. */
  const ofMachines = (names: readonly string[]) =>
    names.filter((name) =>
      /^(?:rootfs\/)?(?:boot\/.|vmlinuz|initrd|usr\/lib\/modules\/.|etc\/fstab|dev\/.)/.test(name),
    );

  it('as archives hold the whole system, with owners, capabilities and links, and run', async () => {
    for (const end of ['tar', 'tar.gz', 'tar.xz', 'tar.zst']) {
      expect(listed(end)).to.include.members([
        'boot/vmlinuz-7.0.0-1',
        'boot/vmlinuz-6.12.0-1',
        'etc/fstab',
        'etc/motd',
      ]);
      expect(listed(end)).not.to.include('etc/hostname');
    }
    const root = unpacked('tar.zst');
    expect(program('getcap', [join(root, 'usr/bin/ping')])).to.include('cap_net_raw');
    expect(program('stat', ['--format=%u:%g', join(root, 'usr/share/doc/readme')]).trim()).to.equal('33:34');
    expect(release(root)).to.equal('ID=debian\n');
    // What the layer adds taken away again, it is the tree that all began with.
    for (const added of ['etc/motd', 'boot/vmlinuz-7.0.0-1']) rmSync(join(root, added));
    program('cp', ['--archive', join(tree, 'etc/hostname'), join(root, 'etc/hostname')]);
    expect((await contentOf(host, root)).id).to.equal((await contentOf(host, tree)).id);
  });

  it('as container images have a layer for each layer, without what only machines need', () => {
    const inspected = JSON.parse(program('skopeo', ['inspect', `oci-archive:${at('oci.tar')}`])) as Record<
      string,
      unknown
    >;
    expect(inspected).to.include({
      Architecture: 'amd64',
      Os: 'linux',
      Created: new Date(epoch * 1000).toISOString().replace('.000', ''),
    });
    expect(inspected.Layers).to.have.length(2);
    expect(JSON.parse(program('skopeo', ['inspect', `docker-archive:${at('docker.tar')}`])))
      .to.have.property('Layers')
      .with.length(2);
    const bundle = join(scratch, 'umoci');
    program('umoci', ['unpack', '--image', `${at('oci')}:debian-13`, bundle]);
    const root = join(bundle, 'rootfs');
    const names = program('find', [root, '-mindepth', '1', '-printf', '%P\n']).split('\n');
    expect(ofMachines(names)).to.deep.equal([]);
    expect(names).to.include.members(['boot', 'dev', 'etc/motd', 'usr/lib/os-release', 'usr/share/kernel']);
    expect(names).not.to.include('etc/hostname');
    expect(readFileSync(join(root, 'usr/share/kernel'), 'utf8'), 'a link whose first name is left out').to.equal(
      'an old kernel',
    );
    expect(release(root)).to.equal('ID=debian\n');
  });

  it('of parent and child share the blob of the parent', async () => {
    await make('parent', [target('oci-directory')], 'debian');
    const blobs = (directory: string) => readdirSync(join(directory, 'blobs/sha256'));
    const ofParent = blobs(join(scratch, 'parent', `${base}.oci`));
    const shared = blobs(at('oci')).filter((blob) => ofParent.includes(blob));
    expect(shared).to.have.length(1);
    expect(
      createHash('sha256')
        .update(readFileSync(join(at('oci'), 'blobs/sha256', shared[0] ?? '')))
        .digest('hex'),
    ).to.equal(shared[0]);
    program('sh', ['-ec', 'cd "$1"; sha256sum --check --quiet "$2"', 'sh', out, `${base}.oci.sha256sum`]);
  });

  it('as file systems hold all files', () => {
    const lines = program('unsquashfs', ['-lln', at('squashfs')]);
    expect(lines)
      .to.match(/^-rw-r--r-- 33\/34 +50000 .* squashfs-root\/usr\/share\/doc\/readme$/m)
      .and.include('squashfs-root/boot/vmlinuz-7.0.0-1');
    program('fsck.erofs', [at('erofs')]);
    const directory = join(scratch, 'erofs');
    mkdirSync(directory);
    program('fsck.erofs', [`--extract=${directory}`, '--overwrite', at('erofs')]);
    expect(readFileSync(join(directory, 'etc/motd'), 'utf8')).to.equal('web\n');
  });

  it('as file systems leave out what a target of the user says', async () => {
    const omit = ['container', 'usr/share/*, "quoted"', '/usr/bin/pin*'];
    const records = await make(
      'lean',
      [target('squashfs', { omit }), target('erofs', { omit }), target('tar', { omit })],
      'web',
    );
    expect(records[0]?.omitted).to.deep.equal([
      ...(omissions.container?.paths ?? []),
      'usr/share/*, "quoted"',
      'usr/bin/pin*',
    ]);
    const lean = (end: string) => join(scratch, 'lean', `${base}.${end}`);
    const squashed = program('unsquashfs', ['-l', lean('squashfs')])
      .split('\n')
      .map((name) => name.replace(/^squashfs-root\//, ''));
    const directory = join(scratch, 'lean/erofs');
    program('fsck.erofs', [`--extract=${directory}`, '--overwrite', lean('erofs')]);
    const extracted = program('find', [directory, '-mindepth', '1', '-printf', '%P\n']).split('\n');
    const archived = program('tar', ['--list', '--quoting-style=literal', '--file', lean('tar')])
      .split('\n')
      .map((name) => name.replace(/\/$/, ''));
    for (const names of [squashed, extracted, archived]) {
      expect(ofMachines(names)).to.deep.equal([]);
      expect(names.filter((name) => /quoted|bin\/ping/.test(name))).to.deep.equal([]);
      expect(names).to.include.members(['boot', 'usr/bin/su', 'usr/share/doc/readme']);
    }
  });

  it('for Incus are metadata and files in one archive, or metadata and a squashfs', () => {
    for (const end of ['incus.tar.xz', 'incus-split.tar.xz']) {
      const metadata = parse(
        program('tar', ['--extract', '--to-stdout', '--file', at(end), 'metadata.yaml']),
      ) as Record<string, unknown>;
      expect(metadata).to.deep.include({ architecture: 'x86_64', creation_date: epoch });
      expect(metadata.properties).to.include({
        os: 'debian',
        release: '13',
        description: 'Debian GNU/Linux 13 (trixie) (debian-13)',
      });
      expect(metadata.templates).to.have.property('/etc/hostname');
    }
    const names = listed('incus.tar.xz');
    expect(names.slice(0, 4)).to.deep.equal(['metadata.yaml', 'templates/', 'templates/hostname.tpl', 'rootfs/']);
    expect(ofMachines(names)).to.deep.equal([]);
    expect(names).to.include('rootfs/usr/lib/os-release');
    expect(program('unsquashfs', ['-l', at('incus-split.squashfs')]))
      .to.include('squashfs-root/etc/motd')
      .and.not.include('vmlinuz');
    expect(release(join(unpacked('incus.tar.xz'), 'rootfs'))).to.equal('ID=debian\n');
  });

  it('for LXC are metadata and files', () => {
    expect(listed('lxc.meta.tar.xz')).to.deep.equal([
      'config',
      'config-user',
      'create-message',
      'excludes-user',
      'expiry',
      'templates',
    ]);
    expect(ofMachines(listed('lxc.rootfs.tar.xz'))).to.deep.equal([]);
    expect(program('tar', ['--extract', '--to-stdout', '--file', at('lxc.rootfs.tar.xz'), 'etc/hostname'])).to.equal(
      'LXC_NAME\n',
    );
  });

  it('for WSL and OpenVZ are the files at the top of an archive', () => {
    const names = listed('wsl');
    expect(ofMachines(names)).to.deep.equal([]);
    expect(names).to.include.members(['etc/wsl-distribution.conf', 'etc/wsl.conf', 'usr/lib/os-release']);
    expect(program('tar', ['--extract', '--to-stdout', '--file', at('wsl'), 'etc/wsl-distribution.conf'])).to.include(
      'defaultName = debian-13',
    );
    const openvz = join(out, `debian-13-x86_64-${base}.tar.gz`);
    expect(existsSync(openvz)).to.equal(true);
    expect(release(unpacked('openvz', openvz))).to.equal('ID=debian\n');
  });

  it('are the same bytes again with the same time', async () => {
    const again = await make(
      'again',
      made.map((each) => target(each.target)),
      'web',
    );
    expect(again).to.deep.equal(made);
  });

  it('of a disk are those of the system on it', async () => {
    const disk = systemOnDisk(join(scratch, 'disk.raw'), tree, 'gpt');
    const own = testHost();
    const [record] = await own.release.after(own.log, async () =>
      makeAll(
        own,
        join(scratch, 'of disk'),
        [target('oci'), target('tar-zst')],
        await treeOfFile({ ...store, host: own }, disk, 'debian-13'),
      ),
    );
    expect(record?.files[0]?.name).to.equal(`${base}.oci.tar`);
    const names = program('tar', [
      '--list',
      '--quoting-style=literal',
      '--file',
      join(scratch, 'of disk', `${base}.tar.zst`),
    ])
      .split('\n')
      .map((name) => name.replace(/^\.\//, ''));
    expect(names).to.include.members(['boot/vmlinuz-6.12.0-1', 'usr/lib/os-release', 'usr/share/größe, "quoted"']);
    expect(readdirSync(join(scratch, 'store/staging')), 'what was captured').to.deep.equal([]);
  });
});
