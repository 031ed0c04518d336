import type { BundleFormatName, BundleSidecar } from './bundle-formats.js';
import type { BundleTarget } from './bundle-target.js';

/** The name of another file of a bundle: `web.vmx` beside `web.vmdk`, `web.meta.tar.xz` beside `web.rootfs.tar.xz`. */
export function besideOf(first: string, end: string): string {
  return `${first.replace(/(?:\.rootfs)?(?:\.tar)?\.[^.]*$/, '')}.${end}`;
}

type Described = Pick<BundleTarget, 'format' | 'subformat' | 'compression' | 'sidecar'>;

/** What formats have beside their first file; of a Xen guest, an initrd only where the system has one. */
const parts: Readonly<Partial<Record<BundleFormatName, (first: string, target: Described) => readonly string[]>>> = {
  raw: (first, { compression }) => (compression === 'none' ? [] : [`${first}.bmap`]),
  xen: (first) => ['cfg', 'vmlinuz', 'initrd'].map((end) => besideOf(first, end)),
  incus: (first, { subformat }) => (subformat === 'split' ? [besideOf(first, 'squashfs')] : []),
  lxc: (first) => [besideOf(first, 'meta.tar.xz')],
};

/** How the name of each sidecar ends. */
const sidecarEnds: Readonly<Record<BundleSidecar, string>> = { glance: 'json', 'register-image': 'json', vmx: 'vmx' };

/** The names of all files that a target may make, from that of its first. */
export function filesOfTarget(first: string, target: Described): string[] {
  const sidecar = target.sidecar === undefined ? [] : [besideOf(first, sidecarEnds[target.sidecar])];
  return [first, ...(parts[target.format]?.(first, target) ?? []), ...sidecar];
}
