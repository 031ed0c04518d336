import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { architectureNamed, defaultArchitecture, firmwareNamed } from '../../machine/architectures.js';
import { compressor } from '../../layers/export/compressor.js';
import { archiveOf, type Member } from '../archive.js';
import { fileNameOf, identity, numberOption, writeStream, type Made, type Making } from '../making.js';
import type { DiskSource } from '../source.js';
import { convert } from './convert.js';
import { firmwareOf, streamDisk } from './ova.js';
import { ovf } from './ovf.js';

/** A box: https://developer.hashicorp.com/vagrant/docs/boxes/format, and README.md of vagrant-libvirt. */
export async function writeVagrant(making: Making, source: DiskSource): Promise<Made> {
  const isLibvirt = making.target.subformat === 'libvirt';
  const name = await fileNameOf(making);
  const { members, disk, format } = await (isLibvirt ? libvirtBox : virtualboxBox)(making, source);
  const file = join(making.directory, disk);
  const all: Member[] = [...members, { name: disk, content: { file } }];
  await writeStream(making, name, compressor(making.host, 'gzip')(archiveOf(all, making.time)));
  await rm(file);
  return { files: [name], disk: { format, file: name, member: disk, compressed: true } };
}

interface Box {
  readonly members: readonly Member[];
  readonly disk: string;
  readonly format: string;
}

async function libvirtBox(making: Making, source: DiskSource): Promise<Box> {
  const disk = 'box.img';
  // The box is compressed as a whole: compressed clusters would not become smaller.
  await convert(making, source, { format: 'qcow2', name: disk, options: [] });
  const { size } = await source.grown(making.target.align);
  const metadata = {
    provider: 'libvirt',
    format: 'qcow2',
    virtual_size: Math.ceil(size / 1e9),
    ...(await architecture(making)),
  };
  const efi = (await firmwareOf(making)) === 'efi' ? await uefiLines(making) : [];
  const lines = [
    '  config.vm.provider :libvirt do |libvirt|',
    "    libvirt.disk_bus = 'virtio'",
    `    libvirt.memory = ${numberOption(making.target, 'memory', 1024)}`,
    `    libvirt.cpus = ${numberOption(making.target, 'cpus', 1)}`,
    ...efi,
    '  end',
  ];
  return {
    members: [
      { name: 'metadata.json', content: `${JSON.stringify(metadata)}\n` },
      { name: 'Vagrantfile', content: vagrantfile(lines) },
    ],
    disk,
    format: 'qcow2',
  };
}

async function virtualboxBox(making: Making, source: DiskSource): Promise<Box> {
  const { target, image } = making;
  const disk = 'box-disk001.vmdk';
  const fileSize = await streamDisk(making, source, disk);
  const firmware = await firmwareOf(making);
  const description = ovf({
    name: image,
    ...{ file: disk, fileSize, firmware },
    capacity: (await source.grown(target.align)).size,
    cpus: numberOption(target, 'cpus', 1),
    memory: numberOption(target, 'memory', 1024),
    facts: await making.facts(),
    osType: target.options['os-type'],
    systemType: 'virtualbox-2.2',
    network: 'NAT',
  });
  const efi = firmware === 'efi' ? ["    machine.customize ['modifyvm', :id, '--firmware', 'efi']"] : [];
  const lines = [
    `  config.vm.base_mac = '${target.options.mac?.replaceAll(':', '').toUpperCase() ?? macOf(making)}'`,
    '  config.vm.provider :virtualbox do |machine|',
    "    machine.customize ['modifyvm', :id, '--nic1', 'nat']",
    ...efi,
    '  end',
  ];
  return {
    members: [
      {
        name: 'metadata.json',
        content: `${JSON.stringify({ provider: 'virtualbox', ...(await architecture(making)) })}\n`,
      },
      { name: 'Vagrantfile', content: vagrantfile(lines) },
      { name: 'box.ovf', content: description },
    ],
    disk,
    format: 'vmdk',
  };
}

function vagrantfile(lines: readonly string[]): string {
  return ["Vagrant.configure('2') do |config|", ...lines, 'end', ''].join('\n');
}

/** In the range of VirtualBox, 08:00:27: the same for the same box. */
function macOf(making: Making): string {
  return `080027${identity(making, 'mac').toString('hex', 0, 3).toUpperCase()}`;
}

/** As Vagrant 2.4 has it in a box: Go's name. */
async function architecture(making: Making): Promise<{ architecture?: string }> {
  const { architecture: name } = await making.facts();
  const known: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };
  return name === undefined ? {} : { architecture: known[name] ?? name };
}

/** Machine and firmware, as Debian has them. */
async function uefiLines(making: Making): Promise<string[]> {
  const { architecture: name = '' } = await making.facts();
  const firmware = firmwareNamed(architectureNamed(name) ?? defaultArchitecture, 'uefi');
  return firmware?.files === undefined
    ? []
    : [`    libvirt.machine_type = '${firmware.machineType}'`, `    libvirt.loader = '${firmware.files.code}'`];
}
