import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { epoch, makeAll, shippedTargets, systemOnDisk, systemTree, target } from '../../test/support/bundled-system.js';
import { program } from '../../test/support/disk.js';
import { rejection, testHost } from '../../test/support/host.js';
import { rootOnly } from '../../test/support/layer-store.js';
import type { BundleTarget } from '../config/bundle-target.js';
import { inspectImage } from '../disk/image-file.js';
import { UsageError, type Failure } from '../host/failure.js';
import type { BundleRecord } from './record.js';
import { diskSource } from './source.js';

const MiB = 2 ** 20;
const base = 'debian-13-2024-01-01';

describe('bundles of a disk', () => {
  let scratch: string;
  let disk: string;
  let out: string;
  let made: BundleRecord[];
  /** What was logged while they were made. */
  let log: readonly string[];

  const make = async (name: string, targets: readonly BundleTarget[], from = disk) => {
    const host = testHost();
    const place = join(scratch, `${name} scratch`);
    mkdirSync(place);
    const source = diskSource(host, await inspectImage(host, from), place);
    const records = await makeAll(host, join(scratch, name), targets, source);
    expect(await host.release.releaseAll(host.log)).to.deep.equal([]);
    return { records, log: host.log.lines };
  };
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'image-factory-bundles-'));
    disk = systemOnDisk(join(scratch, 'disk.raw'), systemTree(join(scratch, 'tree')), 'gpt');
    out = join(scratch, 'out');
    const names = shippedTargets('disk').filter((name) => name !== 'xen-pv');
    ({ records: made, log } = await make(
      'out',
      names.map((name) => target(name)),
    ));
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  const at = (end: string) => join(out, `${base}.${end}`);
  const record = (name: string) => made.find((each) => each.target === name);
  const json = <T>(end: string) => JSON.parse(readFileSync(at(end), 'utf8')) as T;
  /** What an archive holds, unpacked beside it. */
  const unpacked = (end: string): string => {
    const directory = join(scratch, `unpacked ${end}`);
    mkdirSync(directory);
    program('tar', ['--extract', '--file', at(end), '--directory', directory]);
    return directory;
  };
  const info = (file: string, format: string) =>
    JSON.parse(program('qemu-img', ['info', '--output=json', '-f', format, file])) as {
      'virtual-size': number;
      'backing-filename'?: string;
      'format-specific'?: { data: Record<string, unknown> };
    };

  it('are the disk, as qemu-img reads it, each with a checksum beside it and nothing half made', () => {
    for (const [end, format] of [
      ['qcow2', 'qcow2'],
      ['openstack.qcow2', 'qcow2'],
      ['vmdk', 'vmdk'],
      ['stream.vmdk', 'vmdk'],
      ['vdi', 'vdi'],
      ['vhdx', 'vhdx'],
      ['hyperv.vhdx', 'vhdx'],
    ] as const) {
      program('qemu-img', ['check', '-q', '-f', format, at(end)]);
      program('qemu-img', ['compare', '-q', '-f', format, '-F', 'raw', at(end), disk]);
    }
    expect(readFileSync(at('raw')).equals(readFileSync(disk))).to.equal(true);
    for (const { files } of made) {
      expect(files).not.to.deep.equal([]);
      for (const { name } of files)
        program('sh', ['-ec', 'cd "$1"; sha256sum --check --quiet "$2"', 'sh', out, `${name}.sha256sum`]);
    }
    const listed = made.flatMap(({ files }) => files.flatMap(({ name }) => [name, `${name}.sha256sum`]));
    expect(readdirSync(out).sort()).to.deep.equal(listed.sort());
    expect(made.filter(({ disk: inner }) => inner !== undefined).every(({ proven }) => proven === 'compared')).to.equal(
      true,
    );
  });

  it('say that the disk is full where qemu-img gives another reason', async function () {
    rootOnly(this);
    const full = join(scratch, 'full');
    mkdirSync(full);
    program('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'small', full]);
    try {
      for (const name of ['vmdk-stream', 'ova']) {
        const { message, hint } = (await rejection(make('full', [target(name)]))) as Failure;
        expect(message).to.match(new RegExp(`^bundle ${name}: qemu-img convert .* failed`));
        expect(hint).to.match(/^\/.*\/full\/.* takes no more: no space left on device\. Free some space/);
        expect(readdirSync(join(full, '.work'))).to.deep.equal([]);
        rmSync(join(scratch, 'full scratch'), { recursive: true });
      }
    } finally {
      program('umount', [full]);
    }
  });

  it('compress the clusters of a qcow2 as the target says', () => {
    expect(info(at('qcow2'), 'qcow2')['format-specific']?.data['compression-type']).to.equal('zstd');
    expect(info(at('openstack.qcow2'), 'qcow2')['format-specific']?.data['compression-type']).to.equal('zlib');
  });

  it('as fixed VHD are whole MiB and a footer by the specification of Microsoft', () => {
    const file = readFileSync(at('vhd'));
    const size = file.length - 512;
    expect(size % MiB).to.equal(0);
    expect(size).to.equal(Math.ceil(statSync(disk).size / MiB) * MiB);
    const footer = file.subarray(size);
    expect(footer.toString('latin1', 0, 8)).to.equal('conectix');
    expect(footer.readUInt32BE(12), 'file format version').to.equal(0x00010000);
    expect(footer.readBigUInt64BE(16), 'data offset of a fixed disk').to.equal(0xffffffffffffffffn);
    expect(footer.readUInt32BE(24), 'seconds since 2000').to.equal(epoch - Date.UTC(2000, 0, 1) / 1000);
    expect([footer.readBigUInt64BE(40), footer.readBigUInt64BE(48)]).to.deep.equal([BigInt(size), BigInt(size)]);
    expect(footer.readUInt32BE(60), 'disk type: fixed').to.equal(2);
    const sum = footer.reduce((total, byte, index) => total + (index >= 64 && index < 68 ? 0 : byte), 0);
    expect(footer.readUInt32BE(64), 'checksum').to.equal(~sum >>> 0);
    // The partitions are where they were, and the GPT ends where the disk does.
    const content = join(scratch, 'vhd.raw');
    program('sh', ['-ec', 'head --bytes "$1" "$2" >"$3"', 'sh', String(size), at('vhd'), content]);
    expect(program('sfdisk', ['--verify', content])).to.match(/No errors detected/);
    expect(file.subarray(MiB, 29 * MiB).equals(readFileSync(disk).subarray(MiB, 29 * MiB))).to.equal(true);
  });

  it('as VMDK for vSphere are streams of version 3 for an LSI Logic controller', () => {
    const file = readFileSync(at('stream.vmdk'));
    expect(file.toString('latin1', 0, 4)).to.equal('KDMV');
    expect(file.readUInt32LE(4), 'version').to.equal(3);
    expect(file.readUInt32LE(8) & 0x30000, 'flags: compressed grains, markers').to.equal(0x30000);
    const descriptor = file.toString('latin1', 512, 4096);
    expect(descriptor).to.include('createType="streamOptimized"').and.include('ddb.adapterType = "lsilogic"');
    expect(descriptor).to.include('ddb.virtualHWVersion = "13"');
    expect(readFileSync(at('vmdk')).readUInt32LE(4), 'version of a sparse one').to.equal(1);
    expect(readFileSync(at('vmx'), 'utf8'))
      .to.include(`scsi0:0.fileName = "${base}.vmdk"`)
      .and.include('firmware = "efi"');
  });

  it('as OVA are a description, its manifest and a disk, in this order, in a ustar archive', () => {
    const names = program('tar', ['--list', '--file', at('ova')])
      .trim()
      .split('\n');
    expect(names).to.deep.equal([`${base}.ovf`, `${base}.mf`, `${base}-disk1.vmdk`]);
    expect(readFileSync(at('ova')).toString('latin1', 257, 265)).to.equal('ustar\x0000');
    const directory = unpacked('ova');
    for (const [, name = '', sum] of readFileSync(join(directory, names[1] ?? ''), 'utf8').matchAll(
      /^SHA256\((.+)\)= (.+)$/gm,
    )) {
      expect(
        createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex'),
      ).to.equal(sum);
    }
    const vmdk = join(directory, names[2] ?? '');
    program('qemu-img', ['compare', '-q', '-f', 'vmdk', '-F', 'raw', vmdk, disk]);
    const ovf = join(directory, names[0] ?? '');
    /** Of an element, or of one of its attributes. */
    const value = (element: string, attribute?: string) => {
      const path = `//*[local-name()='${element}']${attribute === undefined ? '' : `/@*[local-name()='${attribute}']`}`;
      return program('xmllint', ['--xpath', `string(${path})`, ovf]).trim();
    };
    expect(value('File', 'href')).to.equal(names[2]);
    expect(value('File', 'size')).to.equal(String(statSync(vmdk).size));
    expect(value('Disk', 'capacity')).to.equal(String(statSync(disk).size));
    expect(value('Disk', 'format')).to.match(/#streamOptimized$/);
    expect(value('OperatingSystemSection', 'osType')).to.equal('debian13_64Guest');
    expect(value('VirtualSystemType')).to.equal('vmx-13');
    expect(value('Config', 'value')).to.equal('efi');
  });

  it('describe machines as the rules of OVF 1 demand', () => {
    const rules = join(import.meta.dirname, '../../test/data/ovf-1.rng');
    const box = join(scratch, 'box');
    mkdirSync(box);
    program('tar', ['--extract', '--file', at('virtualbox.box'), '--directory', box, 'box.ovf']);
    program('tar', ['--extract', '--file', at('ova'), '--directory', box, `${base}.ovf`]);
    for (const name of ['box.ovf', `${base}.ovf`]) program('xmllint', ['--noout', '--relaxng', rules, join(box, name)]);
  });

  it('for Compute Engine are one sparse member of the old GNU format, of whole GiB', () => {
    const directory = join(scratch, 'gce');
    mkdirSync(directory);
    program('sh', ['-ec', 'gzip --decompress --stdout "$1" >"$2/archive.tar"', 'sh', at('gce.tar.gz'), directory]);
    const archive = join(directory, 'archive.tar');
    const header = readFileSync(archive).subarray(0, 512);
    expect(header.toString('latin1', 257, 265)).to.equal('ustar  \0');
    expect(header.toString('latin1', 156, 157), 'a sparse file of the old GNU format').to.equal('S');
    const listed = program('tar', ['--list', '--verbose', '--numeric-owner', '--file', archive]).trim().split('\n');
    expect(listed).to.have.length(1);
    expect(listed[0]).to.match(/^-rw-r--r-- 0\/0\s+1073741824 \S+ \S+ disk\.raw$/);
    program('tar', ['--extract', '--sparse', '--file', archive, '--directory', directory]);
    expect(program('sfdisk', ['--verify', join(directory, 'disk.raw')])).to.match(/No errors detected/);
  });

  it('for XenServer are a description and chunks of the disk, in this order', async () => {
    // Large enough for two of them.
    await make('chunks', [{ ...target('xva'), align: 2 ** 30 }]);
    const archive = join(scratch, 'chunks', `${base}.xva`);
    const listed = program('tar', ['--list', '--file', archive]).trim().split('\n');
    expect(listed).to.deep.equal(['ova.xml', 'xvda/chunk-000000000.gz', 'xvda/chunk-000000001.gz']);
    const directory = join(scratch, 'xva');
    mkdirSync(directory);
    program('tar', ['--extract', '--file', archive, '--directory', directory]);
    const value = (path: string) =>
      program('xmllint', ['--xpath', `string(${path})`, join(directory, 'ova.xml')]).trim();
    expect(value('/appliance/vm/hacks/@is_hvm')).to.equal('true');
    expect(value('/appliance/vm/vbd/@vdi')).to.equal(value('/appliance/vdi/@name'));
    expect(value('/appliance/vdi/@type')).to.equal('dir-gzipped-chunks');
    expect(value('/appliance/vdi/@size')).to.equal(String(2 ** 30));
    // igzip reads what gzip would take seconds for.
    const compare =
      'test "$(igzip -dc "$1"/*0.gz | wc -c)" = 1000000000; for each in "$1"/*; do igzip -dc "$each"; done | cmp - "$2"';
    program('sh', [
      '-ec',
      compare,
      'sh',
      join(directory, 'xvda'),
      join(scratch, 'chunks scratch', `grown-${2 ** 30}.raw`),
    ]);
    program('gzip', ['--test', join(directory, listed[2]!)]);
  });

  it('compressed, have a block map that bmaptool takes', () => {
    for (const end of ['raw.xz', 'raw.zst']) {
      const copy = join(scratch, `copy of ${end}`);
      program('bmaptool', ['copy', '--bmap', at(`${end}.bmap`), at(end), copy]);
      program('qemu-img', ['compare', '-q', '-f', 'raw', '-F', 'raw', copy, disk]);
    }
  });

  it('for Glance and EC2 have their properties in JSON beside them', () => {
    expect(json('openstack.json')).to.include({
      ...{ disk_format: 'qcow2', container_format: 'bare', min_disk: 1, architecture: 'x86_64' },
      ...{ os_distro: 'debian', os_version: '13', hw_firmware_type: 'uefi', hw_disk_bus: 'virtio' },
    });
    expect(json('aws.json')).to.deep.include({
      Architecture: 'x86_64',
      BootMode: 'uefi',
      VirtualizationType: 'hvm',
      EnaSupport: true,
    });
  });

  it('as boxes of Vagrant hold metadata, a Vagrantfile and a whole disk', () => {
    const libvirt = unpacked('libvirt.box');
    expect(readdirSync(libvirt).sort()).to.deep.equal(['Vagrantfile', 'box.img', 'metadata.json']);
    expect(JSON.parse(readFileSync(join(libvirt, 'metadata.json'), 'utf8'))).to.deep.equal({
      ...{ provider: 'libvirt', format: 'qcow2', virtual_size: 1, architecture: 'amd64' },
    });
    expect(info(join(libvirt, 'box.img'), 'qcow2')).not.to.have.property('backing-filename');
    program('qemu-img', ['compare', '-q', '-f', 'qcow2', '-F', 'raw', join(libvirt, 'box.img'), disk]);
    const virtualbox = unpacked('virtualbox.box');
    expect(readFileSync(join(virtualbox, 'Vagrantfile'), 'utf8')).to.match(/base_mac = '080027[0-9A-F]{6}'/);
    program('qemu-img', ['compare', '-q', '-f', 'vmdk', '-F', 'raw', join(virtualbox, 'box-disk001.vmdk'), disk]);
    expect(log).to.include(
      "warn: the target 'vagrant-libvirt' wants 'vagrant-user', but there is no user 'vagrant'. Make one with vagrant's public key, who may use sudo without a password.",
    );
  });

  it('for Xen hold the newest kernel and its initrd, and a configuration that starts them', () => {
    const boot = join(scratch, 'tree/boot');
    expect(readFileSync(at('xen-pvh.vmlinuz')).equals(readFileSync(join(boot, 'vmlinuz-6.12.0-1')))).to.equal(true);
    expect(readFileSync(at('xen-pvh.initrd')).equals(readFileSync(join(boot, 'initrd.img-6.12.0-1')))).to.equal(true);
    // xl's language of assignments and lists is a part of Python's.
    const script =
      'import json, sys; values = {}; exec(open(sys.argv[1]).read(), {}, values); print(json.dumps(values))';
    const values = JSON.parse(program('python3', ['-c', script, at('xen-pvh.cfg')])) as Record<string, unknown>;
    expect(values).to.include({
      type: 'pvh',
      name: 'debian-13',
      kernel: `/var/lib/xen/images/${base}.xen-pvh.vmlinuz`,
    });
    expect(values.cmdline).to.match(/^root=UUID=[0-9a-f-]{36} ro console=hvc0$/);
    expect(values.disk).to.deep.equal([
      `format=raw, vdev=xvda, access=rw, target=/var/lib/xen/images/${base}.xen-pvh.raw`,
    ]);
  });

  it('are refused for Xen where the kernel could not start', async () => {
    const error = await rejection(make('pv', [target('xen-pv')]));
    expect(error).to.have.property(
      'message',
      "bundle xen-pv: the kernel 6.12.0-1 can't start as a guest of Xen of type pv: CONFIG_XEN_PV is not set",
    );
    expect(readdirSync(join(scratch, 'pv')).filter((name) => name !== '.work')).to.deep.equal([]);
  });

  it('are refused, before anything is made, where the disk lacks what a target needs', async () => {
    const other = systemOnDisk(join(scratch, 'mbr.raw'), join(scratch, 'tree'), 'dos');
    const error = await rejection(make('refused', [target('qcow2'), target('hyperv')], other));
    expect(error).to.be.instanceOf(UsageError);
    expect((error as UsageError).problems).to.deep.equal([
      "the target 'hyperv' needs 'uefi', but nothing on the disk starts by UEFI: no EFI system partition with EFI/BOOT/BOOT*.EFI. Build it with layout = hybrid or uefi.",
      "the target 'hyperv' needs 'gpt', but its partition table is no GPT. Build it with layout = hybrid or uefi.",
    ]);
    expect(readdirSync(join(scratch, 'refused'))).to.deep.equal([]);
  });

  it('of a qcow2 are the same as of the raw disk, and the same bytes again but for those that say why not', async () => {
    const image = join(scratch, 'image.qcow2');
    program('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-c', disk, image]);
    const names = made.map((each) => each.target);
    const { records } = await make(
      'again',
      names.map((name) => target(name)),
      image,
    );
    const sums = (list: readonly BundleRecord[]) =>
      Object.fromEntries(
        list
          .filter(({ irreproducible, target: name }) => irreproducible === undefined && name !== 'vagrant-virtualbox')
          .map((each) => [each.target, each.files]),
      );
    expect(sums(records)).to.deep.equal(sums(made));
    expect(made.filter(({ irreproducible }) => irreproducible !== undefined).map((each) => each.target)).to.deep.equal([
      'vhdx',
      'hyperv',
    ]);
  });

  it('record what they are', () => {
    expect(record('azure')).to.deep.include({
      format: 'vhd',
      subformat: 'fixed',
      disk: { format: 'vpc', file: `${base}.vhd` },
    });
  });
});
