import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { architectureNamed, defaultArchitecture, firmwareNamed } from '../../machine/architectures.js';
import type { BundleSidecar } from '../../config/bundle-formats.js';
import { besideOf } from '../../config/bundle-files.js';
import { identity, numberOption, uuidOf, writeJson, type Making } from '../making.js';
import type { SystemFacts } from '../facts.js';
import type { DiskSource } from '../source.js';

/** Writes what tells a platform of a bundle. @returns the name of the file */
type Sidecar = (making: Making, source: DiskSource, bundle: string) => Promise<string>;

/** Every sidecar, by its word in sections. */
export const sidecars: Readonly<Record<BundleSidecar, Sidecar>> = {
  /** Properties by docs.openstack.org/glance/latest/admin/useful-image-properties.html. */
  async glance(making, source, bundle) {
    const { target, image, directory } = making;
    const facts = await making.facts();
    const { size } = await source.grown(target.align);
    const name = besideOf(bundle, 'json');
    await writeJson(making, name, {
      name: image,
      disk_format: target.format === 'raw' ? 'raw' : target.format,
      container_format: 'bare',
      // GiB, and the least that an instance may have.
      min_disk: Math.ceil(size / 2 ** 30),
      min_ram: numberOption(target, 'memory', 512),
      size: (await stat(join(directory, bundle))).size,
      architecture: facts.architecture ?? 'x86_64',
      os_type: 'linux',
      os_distro: distroOf(facts),
      ...(facts.distribution.version === undefined ? {} : { os_version: facts.distribution.version }),
      hw_firmware_type: facts.has.has('bios') || !facts.has.has('uefi') ? 'bios' : 'uefi',
      ...(facts.has.has('bios') ? {} : { hw_machine_type: uefiMachine(facts.architecture) }),
      hw_disk_bus: 'virtio',
      hw_vif_model: 'virtio',
      ...target.properties,
    });
    return name;
  },

  /** `aws ec2 register-image --cli-input-json`; SNAPSHOT_ID is what import-snapshot tells. */
  async 'register-image'(making, source, bundle) {
    const { target, image, base } = making;
    const { has, architecture, distribution } = await making.facts();
    const { size } = await source.grown(target.align);
    const modes = has.has('uefi') ? (has.has('bios') ? 'uefi-preferred' : 'uefi') : 'legacy-bios';
    const name = besideOf(bundle, 'json');
    await writeJson(making, name, {
      Name: base,
      Description: `${image}: ${distribution.name}`,
      Architecture: architecture === 'aarch64' ? 'arm64' : (architecture ?? 'x86_64'),
      VirtualizationType: 'hvm',
      BootMode: modes,
      EnaSupport: true,
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [
        {
          DeviceName: '/dev/xvda',
          Ebs: {
            SnapshotId: 'SNAPSHOT_ID',
            VolumeSize: Math.ceil(size / 2 ** 30),
            VolumeType: 'gp3',
            DeleteOnTermination: true,
          },
        },
      ],
      ...target.properties,
    });
    return name;
  },

  /** A machine of Workstation and Fusion. */
  async vmx(making, _source, bundle) {
    const { target, image, directory } = making;
    const { has } = await making.facts();
    const name = besideOf(bundle, 'vmx');
    const settings: Readonly<Record<string, string>> = {
      '.encoding': 'UTF-8',
      'config.version': '8',
      'virtualHW.version': target.options.hwversion ?? '13',
      displayName: image,
      guestOS: 'other3xlinux-64',
      firmware: has.has('uefi') && !has.has('bios') ? 'efi' : 'bios',
      memsize: String(numberOption(target, 'memory', 1024)),
      numvcpus: '1',
      'scsi0.present': 'TRUE',
      'scsi0.virtualDev': 'lsilogic',
      'scsi0:0.present': 'TRUE',
      'scsi0:0.fileName': bundle,
      'ethernet0.present': 'TRUE',
      'ethernet0.virtualDev': 'e1000',
      'ethernet0.connectionType': 'nat',
      'ethernet0.addressType': 'generated',
      'uuid.bios': uuidOf(identity(making, 'vmx')),
      ...target.properties,
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key} = "${value.replaceAll('"', '|22')}"\n`);
    await writeFile(join(directory, name), lines.join(''));
    return name;
  },
};

/** Names of libosinfo, as nova and virt-v2v use them, where they differ from those of os-release. */
function distroOf({ distribution }: SystemFacts): string {
  const known: Readonly<Record<string, string>> = {
    'opensuse-leap': 'opensuse',
    'opensuse-tumbleweed': 'opensuse',
    almalinux: 'centos',
    rocky: 'rocky',
  };
  return known[distribution.id] ?? distribution.id;
}

/** QEMU's machine for UEFI. */
function uefiMachine(name: string | undefined): string | undefined {
  const architecture = architectureNamed(name ?? '') ?? defaultArchitecture;
  return firmwareNamed(architecture, 'uefi')?.machineType;
}
