import { chmodSync, copyFileSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleFormats } from '../../src/config/bundle-formats.js';
import { Configuration } from '../../src/config/configuration.js';
import type { BundleTarget } from '../../src/config/bundle-target.js';
import { resolveTarget, targetNames } from '../../src/config/resolve-bundle.js';
import { makeBundles, type Sources } from '../../src/bundles/make-bundles.js';
import type { BundleRecord } from '../../src/bundles/record.js';
import type { DiskSource, TreeSource } from '../../src/bundles/source.js';
import type { Host } from '../../src/host/host.js';
import { makeDisk, program } from './disk.js';
import { isRoot } from './small-tree.js';

const configuration = new Configuration([], Configuration.shippedSources());

/** A target that ships, with what a test wants otherwise. */
export function target(name: string, changes: Partial<BundleTarget> = {}): BundleTarget {
  return { ...resolveTarget(configuration, name), ...changes };
}

/** Every target that ships for disks, or for files. */
export function shippedTargets(of: 'disk' | 'files'): string[] {
  return targetNames(configuration).filter(
    (name) => (bundleFormats[resolveTarget(configuration, name).format].of === 'disk') === (of === 'disk'),
  );
}

/** When everything in the system was last changed. */
export const systemTime = Date.UTC(2023, 5, 1) / 1000;

/** SOURCE_DATE_EPOCH of tests. */
export const epoch = Date.UTC(2024, 0, 1) / 1000;

/**
 * The files of a small Debian that says what it is, and has what containers do without: a kernel with the options of Xen, an
 * initrd, modules, fstab; as root also device nodes, an owner and a capability. Its shell runs.
 */
export function systemTree(top: string): string {
  const put = (path: string, content: string | Buffer, mode = 0o644) => {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), content);
    chmodSync(join(top, path), mode);
  };
  put('usr/lib/os-release', 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n');
  put('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  put('etc/hostname', 'golden\n');
  put('etc/fstab', 'LABEL=root / ext4 defaults 0 1\n');
  put('boot/vmlinuz-6.1.0-9', 'an old kernel');
  put('boot/vmlinuz-6.12.0-1', Buffer.alloc(200_000, 'kernel '));
  put('boot/initrd.img-6.12.0-1', Buffer.alloc(300_000, 'initrd '));
  put('boot/config-6.12.0-1', 'CONFIG_64BIT=y\nCONFIG_XEN_PVH=y\n# CONFIG_XEN_PV is not set\n');
  put('boot/grub/grub.cfg', 'linux /boot/vmlinuz-6.12.0-1 console=ttyS0\n');
  put('usr/lib/modules/6.12.0-1/modules.dep', Buffer.alloc(400_000, 'module '));
  put('usr/share/doc/readme', Buffer.alloc(50_000, 'text '));
  put('usr/share/größe, "quoted"', 'umlaut\n');
  put('usr/bin/ping', 'ping\n', 0o755);
  put('usr/bin/su', '#!/bin/sh\n', 0o4755);
  put('var/lib/dpkg/status', '');
  for (const directory of ['dev', 'proc', 'sys', 'run', 'root', 'boot/efi'])
    mkdirSync(join(top, directory), { recursive: true });
  mkdirSync(join(top, 'tmp'), { mode: 0o777 });
  chmodSync(join(top, 'tmp'), 0o1777);
  // The first name is left out of containers, the second is not.
  linkSync(join(top, 'boot/vmlinuz-6.1.0-9'), join(top, 'usr/share/kernel'));
  for (const [link, to] of [
    ['bin', 'usr/bin'],
    ['lib', 'usr/lib'],
    ['vmlinuz', 'boot/vmlinuz-6.12.0-1'],
  ] as const) {
    symlinkSync(to, join(top, link));
  }
  copyFileSync('/bin/dash', join(top, 'usr/bin/dash'));
  symlinkSync('dash', join(top, 'usr/bin/sh'));
  for (const library of libraries('/bin/dash')) {
    mkdirSync(dirname(join(top, 'usr', library)), { recursive: true });
    copyFileSync(library, join(top, 'usr', library));
  }
  symlinkSync('usr/lib64', join(top, 'lib64'));
  if (isRoot) {
    program('setcap', ['cap_net_raw+ep', join(top, 'usr/bin/ping')]);
    program('chown', ['33:34', join(top, 'usr/share/doc/readme')]);
    program('mknod', [join(top, 'dev/null'), 'c', '1', '3']);
  }
  for (const path of program('find', [top, '-depth', '!', '-type', 'l', '-print0']).split('\0').filter(Boolean)) {
    utimesSync(path, systemTime, systemTime);
  }
  program('find', [top, '-type', 'l', '-exec', 'touch', '--no-dereference', `--date=@${systemTime}`, '{}', '+']);
  return top;
}

/** What the dynamic linker of this machine loads for a program, and the linker itself. */
function libraries(file: string): string[] {
  return [...program('ldd', [file]).matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path.replace(/^\/usr/, ''));
}

/** A disk with that system: on a GPT with a boot loader for UEFI, or on an MBR without any. Its size is no whole MiB. */
export function systemOnDisk(disk: string, tree: string, label: 'gpt' | 'dos'): string {
  const root = { type: label === 'gpt' ? 'L' : '83', size: 24, fileSystem: 'ext4', content: tree };
  if (label === 'dos') {
    makeDisk(disk, label, [root]);
    return disk;
  }
  makeDisk(disk, label, [{ type: 'U', size: 4, fileSystem: 'vfat' }, root]);
  const loader = join(dirname(disk), 'BOOTX64.EFI');
  writeFileSync(loader, 'a boot loader');
  const place = `${disk}@@${2048 * 512}`;
  program('mmd', ['-i', place, '::/EFI', '::/EFI/BOOT']);
  program('mcopy', ['-i', place, loader, '::/EFI/BOOT/BOOTX64.EFI']);
  // Half a MiB more, with the second header of the GPT at the new end.
  program('truncate', ['--size=+524288', disk]);
  program('sfdisk', ['--quiet', '--no-tell-kernel', '--relocate', 'gpt-bak-std', disk]);
  return disk;
}

/** Makes bundles of a source, with a time of their own. */
export async function makeAll(
  host: Host,
  outputDir: string,
  targets: readonly BundleTarget[],
  source: DiskSource | TreeSource,
  time: number | undefined = epoch,
): Promise<BundleRecord[]> {
  mkdirSync(outputDir, { recursive: true });
  const missing = () => Promise.reject(new Error('another kind of source'));
  const sources: Sources = {
    disk: () => (source.kind === 'disk' ? Promise.resolve(source) : missing()),
    tree: () => (source.kind === 'tree' ? Promise.resolve(source) : missing()),
  };
  return makeBundles(
    host,
    {
      ...{ targets, outputDir, image: 'debian-13', base: 'debian-13-2024-01-01', epoch: time },
      imageFile: source.kind === 'disk' ? source.image.path : undefined,
      workDir: join(outputDir, '.work'),
      time: time ?? systemTime,
      proof: { kind: 'compare' },
    },
    sources,
  );
}
