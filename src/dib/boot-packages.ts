import { parseLayout } from '../layout/parse.js';
import type { BlockDeviceText } from './block-device.js';
import type { DibRequest } from './request.js';

/** Debian's names of GRUB for UEFI. */
const uefiPackages: Readonly<Record<string, readonly string[]>> = {
  amd64: ['grub-efi-amd64-bin'],
  arm64: ['grub-efi-arm64-bin'],
};

/** The packages that hold what comes to a disk of a layout so that it boots. */
export function bootPackages({ arch }: DibRequest, { text, file }: BlockDeviceText): string[] {
  const { fileSystems } = parseLayout(text, file);
  const hasEsp = fileSystems.some(({ mount }) => mount?.point === '/boot/efi');
  return ['grub2-common', ...(arch === 'amd64' ? ['grub-pc-bin'] : []), ...(hasEsp ? (uefiPackages[arch] ?? []) : [])];
}
