import { posix } from 'node:path';
import type { Examined } from './examined.js';
import { initramfsNames } from './initramfs.js';
import type { Finding, Rule } from './rule.js';

const images = ['/boot/initrd.img-*', '/boot/initrd-*', '/boot/initramfs-*'];
/** They boot the machine that made them, or nothing but a crashed kernel. */
const notForBooting = /rescue|kdump|fallback|\.(old|bak|dpkg-bak|dpkg-old)$/;
const builtIn = ['/usr/lib/modules/*/modules.builtin', '/lib/modules/*/modules.builtin'];
/** What depmod(8) found in the directories of modules. */
const available = ['/usr/lib/modules/*/modules.dep', '/lib/modules/*/modules.dep'];

/** The driver of a disk on each platform on which images of servers run. */
const drivers: Readonly<Record<string, string>> = {
  virtio_blk: 'KVM',
  virtio_scsi: 'KVM with SCSI, as on OpenStack and Google Cloud',
  nvme: 'NVMe, as on AWS and on real machines',
  ahci: 'SATA',
  vmw_pvscsi: 'VMware',
  hv_storvsc: 'Hyper-V and Azure',
  xen_blkfront: 'Xen',
};

export const initramfsRule: Rule = {
  name: 'initramfs-drivers',
  group: 'boot',
  level: 'warning',
  title: 'An initramfs for the build machine alone: without drivers that its kernel has',
  reason: 'on another hypervisor, or with another disk, the root file system is not found',
  source: 'dracut.conf(5), hostonly; initramfs.conf(5), MODULES=dep; kiwi, "--no-hostonly"',
  looks: [...images, ...builtIn, ...available],
  reads: [...builtIn, ...available],
  copies: images,
  async find(system, host): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const path of system.files(images).filter((image) => !notForBooting.test(image))) {
      const copy = system.copies.get(path);
      const names = copy === undefined ? undefined : await initramfsNames(host, copy);
      if (names === undefined) {
        host.log.warn(`${path} was not looked into: it is no initramfs that is packed in a way that is known`);
        continue;
      }
      const kernel = versionOf(path);
      const inside = modulesOf([...names]);
      const built = modulesOf(listed(system, builtIn, kernel));
      const known = modulesOf(listed(system, available, kernel));
      const missing = Object.keys(drivers).filter(
        (driver) => !inside.has(driver) && !built.has(driver) && known.has(driver),
      );
      if (missing.length > 0) findings.push({ path, detail: `without ${told(missing)}` });
    }
    return findings;
  },
};

export const kernelDriversRule: Rule = {
  name: 'kernel-drivers',
  group: 'boot',
  level: 'note',
  title: 'A kernel without drivers of other platforms, as kernels for clouds are',
  reason: 'the image boots only where one of the drivers that it has is enough',
  source:
    'linux-image-cloud-amd64, package description; depmod(8); modules.builtin in the kernel documentation, "Kbuild"',
  looks: [...builtIn, ...available],
  reads: [...builtIn, ...available],
  find: (system): Finding[] =>
    system.files(available).flatMap((path) => {
      const kernel = posix.basename(posix.dirname(path));
      const has = modulesOf([...listed(system, builtIn, kernel), ...listed(system, available, kernel)]);
      const missing = Object.keys(drivers).filter((driver) => !has.has(driver));
      return missing.length === 0 ? [] : [{ path: posix.dirname(path), detail: `without ${told(missing)}` }];
    }),
};

const told = (names: readonly string[]) => names.map((name) => `${name} (${drivers[name]})`).join(', ');

/** `6.12.0-1-amd64` of an image's name, by which the directory of its modules is called. */
function versionOf(path: string): string {
  return posix
    .basename(path)
    .replace(/^(?:initrd\.img|initrd|initramfs)-/, '')
    .replace(/\.img$/, '');
}

function listed(system: Examined, patterns: readonly string[], kernel: string): string[] {
  return system
    .files(patterns)
    .filter((path) => posix.basename(posix.dirname(path)) === kernel)
    .flatMap((path) => (system.texts.get(path) ?? '').split('\n').map((line) => line.replace(/:.*/, '')));
}

/** Names of modules, as the kernel has them, of paths to their files. */
function modulesOf(paths: readonly string[]): ReadonlySet<string> {
  return new Set(paths.flatMap((path) => /([^/]+)\.ko(?:\.\w+)?$/.exec(path)?.[1]?.replaceAll('-', '_') ?? []));
}
