import { fileRule } from '../find-files.js';
import { initramfsRule, kernelDriversRule } from '../initramfs-drivers.js';
import type { Examined, Line } from '../examined.js';
import type { Finding, Rule } from '../rule.js';

/** A disk by what its driver calls it, or by where it was attached: another machine has it elsewhere. */
const device =
  /\/dev\/(?:(?:sd|vd|hd|xvd)[a-z]+\d*|(?:nvme\d+n\d+|mmcblk\d+)(?:p\d+)?|disk\/by-(?:id|path)\/[^\s"',]+)(?![\w/])/;

const fstab = '/etc/fstab';
const crypttab = '/etc/crypttab';
const loaderConfigurations = [
  '/boot/grub/grub.cfg',
  '/boot/grub2/grub.cfg',
  '/boot/efi/EFI/*/grub.cfg',
  '/boot/grub2/grubenv',
  '/boot/loader/entries/*.conf',
  '/boot/efi/loader/entries/*.conf',
  '/boot/extlinux/extlinux.conf',
  '/boot/syslinux/syslinux.cfg',
  '/etc/default/grub',
  '/etc/default/grub.d/*',
  '/etc/kernel/cmdline',
  '/etc/sysconfig/bootloader',
  '/etc/default/zipl',
  '/etc/zipl.conf',
];
const resume = ['/etc/initramfs-tools/conf.d/resume', '/etc/dracut.conf.d/*.conf', '/etc/uswsusp.conf'];
const debconf = '/var/cache/debconf/config.dat';

export const bootRules: readonly Rule[] = [
  {
    name: 'fstab-devices',
    group: 'boot',
    level: 'error',
    title: 'Disks in fstab that are called as on the build machine',
    reason: 'with another driver, or in another slot, the file system is not found and the boot stops',
    source: 'fstab(5), "The first field"',
    looks: [fstab],
    reads: [fstab],
    repair: 'replaced by the UUID, where the device is one of the image',
    find: (system): Finding[] => {
      const lines = system.lines([fstab]).filter(({ text }) => device.test(text.split(/\s/)[0] ?? ''));
      const content = withUuids(system, lines);
      return lines.map(({ path, text }) => ({
        path,
        detail: text.split(/\s+/).slice(0, 2).join(' '),
        ...(content !== undefined && { repair: [{ kind: 'write', path, content }] }),
      }));
    },
  },
  {
    name: 'crypttab-devices',
    group: 'boot',
    level: 'error',
    title: 'Disks in crypttab that are called as on the build machine',
    reason: 'with another driver, or in another slot, the device is not found and the boot stops',
    source: 'crypttab(5), "The second field"',
    looks: [crypttab],
    reads: [crypttab],
    find: (system): Finding[] =>
      told(system.lines([crypttab]).filter(({ text }) => device.test(text.split(/\s+/)[1] ?? ''))),
  },
  {
    name: 'boot-loader-devices',
    group: 'boot',
    level: 'error',
    title: 'Disks in the configuration of a boot loader that are called as on the build machine',
    reason: 'the kernel waits for a root file system that has another name',
    source: 'bootparam(7), root=; GRUB, "Simple configuration", GRUB_DISABLE_LINUX_UUID; kernel-install(8)',
    looks: loaderConfigurations,
    reads: loaderConfigurations,
    find: (system): Finding[] =>
      told(
        system
          .lines(loaderConfigurations)
          .filter(({ text }) => /\b(root|resume|boot)=/.test(text) && device.test(text)),
      ),
  },
  {
    name: 'resume-device',
    group: 'boot',
    level: 'warning',
    title: 'A device to resume from that is called as on the build machine',
    reason: 'every boot waits for it',
    source: 'initramfs-tools(7), RESUME; dracut.conf(5), add_device',
    looks: resume,
    reads: resume,
    find: (system): Finding[] => told(system.lines(resume).filter(({ text }) => device.test(text))),
  },
  {
    name: 'device-map',
    group: 'boot',
    level: 'warning',
    title: "GRUB's map of the build machine's disks",
    reason: 'grub-install writes to a disk that a clone calls otherwise, or fails',
    source: 'GRUB, "Device map"',
    looks: ['/boot/grub/device.map', '/boot/grub2/device.map'],
    reads: ['/boot/grub/device.map', '/boot/grub2/device.map'],
    removes: ['/boot/grub/device.map', '/boot/grub2/device.map'],
    repair: 'removed',
    find: (system): Finding[] => {
      const lines = system.lines(['/boot/grub/device.map', '/boot/grub2/device.map']);
      return lines
        .filter(({ text }) => device.test(text))
        .map(({ path, text }) => ({ path, detail: text, repair: [{ kind: 'remove', path }] }));
    },
  },
  {
    name: 'grub-install-devices',
    group: 'boot',
    level: 'warning',
    title: "The disk that Debian's package of GRUB installs itself to",
    reason: 'an upgrade asks for the disk, or fails, where it has another name',
    source: 'grub-pc, "grub-pc/install_devices"; debconf(7)',
    looks: [debconf],
    reads: [debconf],
    find: (system): Finding[] => {
      const [, value = ''] =
        /^Name: grub-pc\/install_devices\n(?:\w.*\n)*?Value: (.*)$/m.exec(system.texts.get(debconf) ?? '') ?? [];
      return device.test(value) ? [{ path: debconf, detail: `grub-pc/install_devices: ${value}` }] : [];
    },
  },
  fileRule({
    name: 'lvm-devices',
    group: 'boot',
    level: 'error',
    title: "LVM's list of the build machine's disks",
    reason: 'a clone does not find its volume groups',
    source: 'lvmdevices(8); virt-sysprep(1), lvm-system-devices',
    paths: ['/etc/lvm/devices/system.devices*'],
    repair: 'remove',
  }),
  fileRule({
    name: 'lvm-archive',
    group: 'boot',
    level: 'warning',
    title: "LVM's copies of its metadata, and caches of device ids",
    reason: 'they name the disks of the build machine',
    source: 'lvm.conf(5), backup and archive; blkid(8), "Configuration file"; virt-sysprep(1), blkid-tab',
    paths: [
      '/etc/lvm/backup/*',
      '/etc/lvm/archive/*',
      '/etc/lvm/cache/.cache',
      '/etc/blkid.tab*',
      '/etc/blkid/blkid.tab*',
    ],
    repair: 'remove',
  }),
  initramfsRule,
  kernelDriversRule,
];

function told(lines: readonly Line[]): Finding[] {
  return lines.map(({ path, text }) => ({ path, detail: device.exec(text)?.[0] ?? text }));
}

/** fstab with a UUID in the place of every such device; undefined where one of them is none of this disk. */
function withUuids(system: Examined, lines: readonly Line[]): string | undefined {
  const text = (system.texts.get(fstab) ?? '').split('\n');
  for (const { number, text: line } of lines) {
    const [name = ''] = line.split(/\s/);
    const uuid = system.disk.uuidOf(name);
    if (uuid === undefined) return undefined;
    text[number - 1] = (text[number - 1] ?? '').replace(name, `UUID=${uuid}`);
  }
  return text.join('\n');
}
