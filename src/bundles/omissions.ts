/** A rule for what a bundle of files leaves out of the system. */
export interface Omission {
  readonly doc: string;
  /** See {@link omits}. */
  readonly paths: readonly string[];
}

/** The rules that have names. */
export const omissions: Readonly<Record<string, Omission>> = {
  container: {
    doc: 'What only a machine of its own needs: kernel, initrd, kernel modules, firmware, boot loaders, fstab, device nodes.',
    paths: [
      'boot/',
      'efi/',
      'vmlinuz',
      'vmlinuz.old',
      'initrd.img',
      'initrd.img.old',
      'lib/modules/',
      'lib/firmware/',
      'usr/lib/modules/',
      'usr/lib/firmware/',
      'usr/lib/grub/',
      'usr/lib/systemd/boot/',
      'usr/lib/u-boot/',
      'var/lib/initramfs-tools/',
      'etc/fstab',
      'dev/',
    ],
  },
};

/** The paths of rules and the paths that a target names itself, without leading slashes. */
export function omittedPaths(omit: readonly string[]): string[] {
  return omit.flatMap((each) => omissions[each]?.paths ?? [each.replace(/^\/+/, '')]);
}

/**
 * Whether a path is left out: one that is named, with all below it. `boot/` names what is in the directory, which stays
 * itself; `*` stands for any part of a name.
 */
export function omits(paths: readonly string[]): (path: string) => boolean {
  if (paths.length === 0) return () => false;
  const one = new RegExp(`^(?:${paths.map(expressionOf).join('|')})`);
  return (path) => one.test(path);
}

function expressionOf(path: string): string {
  // Names of files are byte strings here.
  const bytes = Buffer.from(path.replace(/\/$/, '')).toString('latin1');
  const names = bytes.replaceAll(/[\\.+?()[\]{}|^$]/g, '\\$&').replaceAll('*', '[^/]*');
  return `${names}${path.endsWith('/') ? '/.' : '(?:/|$)'}`;
}
