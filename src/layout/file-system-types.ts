/** How long a label may be, in bytes, by type: the manual pages of its mkfs. */
const longestLabels = new Map(
  Object.entries({
    ext2: 16,
    ext3: 16,
    ext4: 16,
    xfs: 12,
    btrfs: 255,
    vfat: 11,
    fat: 11,
    msdos: 11,
    exfat: 15,
    f2fs: 512,
    // mkswap(8) has 16 bytes for it, the last of which is 0.
    swap: 15,
  }),
);

export const fileSystemTypes = [...longestLabels.keys()];

export function longestLabel(type: string): number | undefined {
  return longestLabels.get(type);
}

/** FAT, whose labels are in capital letters. */
export function isFat(type: string): boolean {
  return type === 'vfat' || type === 'fat';
}

/** As the kernel calls it, for fstab(5). */
export function mountType(type: string): string {
  return type === 'fat' ? 'vfat' : type;
}

/** What mkfs.fat(8) refuses in a label. */
export const refusedInFatLabels = /[*?.,;:/\\|+=<>[\]"]/;

/** A UUID, or the serial number of a FAT. */
export function isUuid(type: string, text: string): boolean {
  const fat = isFat(type) || type === 'msdos' || type === 'exfat';
  return fat ? /^[0-9a-f]{4}-?[0-9a-f]{4}$/i.test(text) : /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
