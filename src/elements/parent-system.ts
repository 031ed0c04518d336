import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure, UsageError } from '../host/failure.js';
import { readElement, type Element } from './element.js';

/** The system on which elements run, as its os-release(5) calls it. */
export interface ParentSystem {
  /** ID, such as `debian`. */
  readonly id: string;
  /** VERSION_CODENAME, such as `trixie`. */
  readonly codename: string;
}

/** The name under which a parent stands among the elements. */
export const parentElement = 'image-factory-parent';

/** How diskimage-builder calls the systems that elements can be run on, and what its own elements for them do otherwise. */
const systems: Readonly<Record<string, { readonly provides: readonly string[]; readonly depends: readonly string[] }>> =
  {
    debian: { provides: ['debian-minimal', 'debootstrap'], depends: ['dpkg', 'pkg-map', 'dib-init-system'] },
    ubuntu: { provides: ['ubuntu-minimal', 'ubuntu', 'debootstrap'], depends: ['dpkg', 'pkg-map', 'dib-init-system'] },
  };

/** Elements that a parent stands for: they need not be named, and it does no harm. */
export function standsFor({ id }: ParentSystem): readonly string[] {
  return ['operating-system', ...(systems[id]?.provides ?? [])];
}

/**
 * Writes the element that provides the operating system of a derived image: its parent is there already. It says which
 * system that is, and brings the lists of packages up to date before the first of them is installed.
 *
 * @throws Failure if elements can't be run on such a system
 */
export function writeParentElement(directory: string, system: ParentSystem): Element {
  const known = systems[system.id];
  if (!known) {
    throw new Failure(`elements can't be run on '${system.id}'`, {
      hint: `They run on ${Object.keys(systems).join(' and ')}; for others, use packages, files and run.`,
    });
  }
  const put = (name: string, text: string, mode = 0o644) => {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  };
  put('element-provides', ['operating-system', ...known.provides, ''].join('\n'));
  put('element-deps', [...known.depends, ''].join('\n'));
  put('environment.d/10-image-factory-parent.bash', environmentOf(system));
  put('extra-data.d/00-image-factory-package-lists', packageLists, 0o755);
  put('pre-finalise.d/00-image-factory-boot-loader', bootLoader, 0o755);
  return readElement(parentElement, directory);
}

/** diskimage-builder says 2 for Debian's Python, which is gone. */
function environmentOf({ id, codename }: ParentSystem): string {
  return `export DISTRO_NAME=${id}
export DIB_RELEASE=${codename}
export DIB_INIT_SYSTEM=systemd
export EFI_BOOT_DIR=EFI/${id}
export DIB_PYTHON_VERSION=\${DIB_PYTHON_VERSION:-3}
`;
}

/** Packages are installed before diskimage-builder's own update, which is the last hook of pre-install.d. */
const packageLists = `#!/bin/bash
set -eu
if [ -z "\${DIB_OFFLINE:-}" ]; then
  sudo chroot "$TMP_MOUNT_PATH" env PATH=/usr/sbin:/usr/bin:/sbin:/bin apt-get -q update
fi
`;

/**
 * The element bootloader would install onto a disk, and there is none yet. It leaves a system alone that has this file,
 * and the boot loader comes to the disk when that is made. IF_BOOT_PACKAGES
 * names the packages that hold it.
 */
const bootLoader = `#!/bin/bash
set -eu
mkdir -p "$TMP_MOUNT_PATH/tmp/grub"
touch "$TMP_MOUNT_PATH/tmp/grub/install"
if [ -n "\${IF_BOOT_PACKAGES:-}" ]; then
  # shellcheck disable=SC2086
  sudo chroot "$TMP_MOUNT_PATH" env DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    apt-get -qy --no-install-recommends install $IF_BOOT_PACKAGES
fi
`;

/**
 * The elements that were asked for, without those that the parent stands for.
 *
 * @throws UsageError if one of them is for another release than the parent's
 */
export function withParent(asked: readonly string[], system: ParentSystem, environment: NodeJS.ProcessEnv): string[] {
  const release = environment.DIB_RELEASE;
  const isAlias = ['stable', 'oldstable', 'testing', 'unstable', 'sid'].includes(release ?? '');
  if (release && !isAlias && release !== system.codename) {
    throw new UsageError([
      `DIB_RELEASE is '${release}', and the parent is ${system.id} ${system.codename}: choose another parent, or unset it`,
    ]);
  }
  const met = standsFor(system);
  const named = asked.filter((name) => !met.includes(name));
  return [parentElement, ...named, ...blockDeviceOf(named, environment.ARCH)];
}

/** `vm` depends on a layout, and without one diskimage-builder takes that of its block-device-mbr, or -efi for arm64. */
function blockDeviceOf(asked: readonly string[], arch: string | undefined): string[] {
  if (!asked.includes('vm') || asked.some((name) => name.startsWith('block-device-'))) return [];
  return [['arm64', 'aarch64'].includes(arch ?? '') ? 'block-device-efi' : 'block-device-mbr'];
}
