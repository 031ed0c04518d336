import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from './disk.js';
import type { Extent } from './system-disk.js';

/** Calls a program of LVM on the physical volumes of a disk, which see no other device of this machine. */
export type Lvm = (program: string, ...args: readonly string[]) => string;

/**
 * Has something done by LVM's own tools with partitions of a disk, as an installer does it, but without the kernel's device
 * mapper: nothing is activated. Root only.
 */
export function withLvm<T>(
  disk: string,
  partitions: readonly Extent[],
  action: (lvm: Lvm, devices: readonly string[]) => T,
): T {
  const devices: string[] = [];
  try {
    for (const { start, end } of partitions) {
      const where = ['-o', String(start), '--sizelimit', String(end - start)];
      devices.push(program('losetup', ['--find', '--show', ...where, disk]).trim());
    }
    const filter = [...devices.map((device) => `"a|^${device}$|"`), '"r|.*|"'].join(',');
    const config = `devices{filter=[${filter}] scan_lvs=0} global{activation=0 use_lvmpolld=0} backup{backup=0 archive=0} activation{udev_sync=0 udev_rules=0 monitoring=0}`;
    return action((called, ...args) => program(called, ['--devicesfile', '', '--config', config, ...args]), devices);
  } finally {
    for (const device of devices) program('losetup', ['--detach', device]);
  }
}

/** What makes a volume without the kernel: nothing of it is activated, zeroed or wiped. */
export const inactive = ['--yes', '--activate', 'n', '--zero', 'n', '--wipesignatures', 'n'] as const;

/** Where LVM itself says that the volumes of a group lie: by name, in bytes of the disk. */
export function volumesByLvm(disk: string, partitions: readonly Extent[], group: string): Record<string, Extent[]> {
  return withLvm(disk, partitions, (lvm, devices) => {
    const bytes = ['--reportformat', 'json', '--units', 'b', '--nosuffix'];
    const [{ vg_extent_size = '' } = {}] = report(lvm('vgs', ...bytes, '-o', 'vg_extent_size', group), 'vg');
    const physical = report(lvm('pvs', ...bytes, '-o', 'pv_name,pe_start'), 'pv');
    const shown = 'lv_name,seg_pe_ranges,seg_start_pe';
    const segments = report(lvm('lvs', ...bytes, '--segments', '-o', shown, group), 'seg').toSorted(
      (one, other) => Number(one['seg_start_pe']) - Number(other['seg_start_pe']),
    );
    const extentSize = Number(vg_extent_size);
    const found: Record<string, Extent[]> = {};
    for (const { lv_name = '', seg_pe_ranges = '' } of segments) {
      const [, device = '', first, last] = /^(\S+):(\d+)-(\d+)$/.exec(seg_pe_ranges) ?? [];
      const { pe_start } = physical.find(({ pv_name }) => pv_name === device)!;
      const begin = partitions[devices.indexOf(device)]!.start + Number(pe_start);
      const extent = {
        start: begin + Number(first) * extentSize,
        end: begin + (Number(last) + 1) * extentSize,
      };
      const known = (found[lv_name] ??= []);
      const before = known.at(-1);
      if (before?.end === extent.start) known[known.length - 1] = { start: before.start, end: extent.end };
      else known.push(extent);
    }
    return found;
  });
}

/** The rows of a report of LVM. */
function report(json: string, rows: string): Record<string, string>[] {
  const [found] = (JSON.parse(json) as { report: Record<string, Record<string, string>[]>[] }).report;
  return found?.[rows] ?? [];
}

/** Has something done with the parts of a volume put together in a file, which are then put back. */
export function gathered<T>(disk: string, extents: readonly Extent[], action: (file: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'gathered-'));
  const file = join(directory, 'volume');
  try {
    writeFileSync(file, '');
    truncateSync(
      file,
      extents.reduce((sum, { start, end }) => sum + end - start, 0),
    );
    copyParts(disk, file, extents, 'gather');
    const result = action(file);
    copyParts(disk, file, extents, 'scatter');
    return result;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function copyParts(disk: string, file: string, extents: readonly Extent[], way: 'gather' | 'scatter'): void {
  const [onDisk, inFile] = [openSync(disk, 'r+'), openSync(file, 'r+')];
  try {
    let at = 0;
    for (const { start, end } of extents) {
      const bytes = Buffer.alloc(end - start);
      if (way === 'gather') {
        readSync(onDisk, bytes, 0, bytes.length, start);
        writeSync(inFile, bytes, 0, bytes.length, at);
      } else {
        readSync(inFile, bytes, 0, bytes.length, at);
        writeSync(onDisk, bytes, 0, bytes.length, start);
      }
      at += bytes.length;
    }
  } finally {
    closeSync(onDisk);
    closeSync(inFile);
  }
}

/** Makes a file system in a volume, wherever its parts lie, and mounts it for a change. */
export function fillVolume(
  disk: string,
  extents: readonly Extent[],
  type: string,
  fill?: (root: string) => void,
): void {
  gathered(disk, extents, (file) => {
    const { size } = statSync(file);
    // As on a disk that is installed on: what lies where file systems never write is no concern of theirs.
    truncateSync(file, 0);
    truncateSync(file, size);
    if (type === 'swap') program('mkswap', [file]);
    else
      program(`mkfs.${type}`, [...({ ext4: ['-q', '-F'], xfs: ['-q', '-f'], btrfs: ['-q', '-f'] }[type] ?? []), file]);
    if (fill) mounted(file, { start: 0, end: size }, type, fill);
  });
}

function mounted(file: string, { start, end }: Extent, type: string, look: (root: string) => void): void {
  const root = mkdtempSync('/tmp/image-factory-volume-');
  program('mount', ['-t', type, '-o', `loop,offset=${start},sizelimit=${end - start}`, file, root]);
  try {
    look(root);
  } finally {
    program('umount', [root]);
    rmSync(root, { recursive: true });
  }
}
