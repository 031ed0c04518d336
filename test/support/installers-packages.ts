import type { MadePackage } from './deb-archive.js';

/** What debian-installer adds to an image by itself, and the components that it consists of: empty packages of these names. */
export const installersPackages: readonly MadePackage[] = [
  { name: 'base-files', fields: ['Essential: yes', 'Priority: required'] },
  { name: 'adduser', fields: ['Priority: important'] },
  ...[
    ...[
      'busybox',
      'initramfs-tools',
      'zstd',
      'locales',
      'console-setup',
      'keyboard-configuration',
      'pciutils',
      'usbutils',
    ],
    ...['grub-pc', 'grub-pc-bin', 'grub-efi-amd64-bin', 'grub-efi-amd64-signed', 'shim-signed', 'linux-image-amd64'],
    ...['dmsetup', 'dosfstools', 'os-prober', 'laptop-detect'],
  ].map((name) => ({ name })),
  { name: 'partman-base', isUdeb: true, fields: ['Priority: standard', 'Depends: libparted2-udeb'] },
  { name: 'libparted2-udeb', isUdeb: true, fields: ['Priority: optional'] },
  { name: 'cdebconf-gtk-udeb', isUdeb: true, fields: ['Priority: optional'] },
];
