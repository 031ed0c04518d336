import type { TreeEntry } from '../tree-listing.js';

/** A kernel of a tree, and its initial RAM disk. Absolute paths of the system. */
export interface Kernel {
  readonly version: string;
  readonly image: string;
  readonly initrd: string | undefined;
}

/** What distributions call a kernel's initial RAM disk: Debian and its kin, those with dracut, SUSE. */
const initrdNames = ['initrd.img-VERSION', 'initramfs-VERSION.img', 'initrd-VERSION', 'initramfs-VERSION'];

/** The kernels in /boot, the newest first; those for rescue last. */
export function kernelsIn(entries: readonly Pick<TreeEntry, 'path' | 'kind'>[]): Kernel[] {
  const files = new Set(entries.filter(({ kind }) => kind === 'f').map(({ path }) => path));
  const kernels: Kernel[] = [];
  for (const path of files) {
    const [, version] = /^boot\/(?:vmlinuz|vmlinux|Image)-(.+)$/.exec(path) ?? [];
    if (version === undefined || /\.(old|bak|hmac|gz\.sig)$/.test(version)) continue;
    const initrd = initrdNames
      .map((name) => `boot/${name.replace('VERSION', version)}`)
      .find((name) => files.has(name));
    kernels.push({ version, image: `/${path}`, initrd: initrd === undefined ? undefined : `/${initrd}` });
  }
  return kernels.sort((a, b) => Number(isRescue(a)) - Number(isRescue(b)) || -byNumbers(a.version, b.version));
}

function isRescue({ version }: Kernel): boolean {
  return /rescue/.test(version);
}

const byNumbers = new Intl.Collator('en', { numeric: true }).compare;
