import type { Devices } from './devices.js';
import type { DocumentFileSystem, DocumentMount } from './document.js';
import { subvolumeNode } from './expand.js';
import type { Findings } from './finding.js';
import type { Names } from './names.js';
import type { ReadModules } from './read-modules.js';
import { parseMountPoint, type ReadFileSystem, type ReadFstab, type ReadMount } from './read-file-systems.js';

/** Joins file systems with where they are, where they are mounted and what fstab says of them. */
export function fileSystemsOf(read: ReadModules, names: Names, devices: Devices): DocumentFileSystem[] {
  const { findings } = names;
  const fstabs = byBase(read.fstabs, names, 'mount');
  const mounts = mountsOf(read, names, fstabs);
  rejectSameLabels(read.fileSystems, findings);
  rejectPools(read, names);
  const all = read.fileSystems.flatMap((one): DocumentFileSystem[] => {
    const device = names.resolve(one.base, one.where, one.line, ['local_loop', 'partition', 'lv']);
    if (device === undefined) return [];
    devices.use(device.name, `the file system '${one.name}'`, one.line);
    if (one.grow) rejectGrowth(one, device.name, devices, findings);
    const { name, line, type, label, uuid, options, grow } = one;
    const subvolumes = one.subvolumes.map((subvolume) => ({
      name: subvolume.name.replace(/^\//, ''),
      mount: mounts.get(subvolumeNode(name, subvolume.name)),
    }));
    return [{ name, line, on: device.name, type, label, uuid, options, grow, mount: mounts.get(name), subvolumes }];
  });
  if (!read.mounts.some(({ point }) => point?.replace(/\/+/g, '/') === '/')) {
    findings.unusable(undefined, "no file system is mounted on '/': no system can be on this layout");
  }
  return inMountOrder(all);
}

/** Entries by the name of their base, of which each may have one. */
function byBase<T extends ReadMount | ReadFstab>(
  all: readonly T[],
  names: Names,
  kind: 'mount' | 'mkfs',
): Map<string, T> {
  const found = new Map<string, T>();
  for (const one of all) {
    const base = names.resolve(one.base, one.where, one.line, kind === 'mkfs' ? ['mkfs', 'subvolume'] : ['mount']);
    if (base === undefined) continue;
    const other = found.get(base.name);
    if (other === undefined) found.set(base.name, one);
    else {
      const twice = kind === 'mkfs' ? 'is mounted' : 'has an fstab entry';
      names.findings.error(one.line, `${one.where}: '${base.name}' ${twice} already, by line ${other.line}`);
    }
  }
  return found;
}

function mountsOf(read: ReadModules, names: Names, fstabs: ReadonlyMap<string, ReadFstab>): Map<string, DocumentMount> {
  const { findings } = names;
  const swaps = new Set(read.fileSystems.filter(({ type }) => type === 'swap').map(({ name }) => name));
  const points = new Map<string, number>();
  const mounts = new Map<string, DocumentMount>();
  for (const [base, { name, where, point, pointLine }] of byBase(read.mounts, names, 'mkfs')) {
    const fstab = fstabs.get(name);
    if (point === undefined) continue;
    if (swaps.has(base)) {
      if (fstab !== undefined) warnOfSwapOptions(fstab, findings);
      const entry = { options: ['sw'], dump: 0, pass: 0 };
      mounts.set(base, { point: 'none', fstab: fstab && entry });
      continue;
    }
    try {
      const path = parseMountPoint(point);
      const other = points.get(path);
      if (other !== undefined) {
        findings.error(
          pointLine,
          `${where}: mount_point '${path}' is already that of line ${other}; every mount point must be unique`,
        );
      }
      points.set(path, pointLine);
      mounts.set(base, { point: path, fstab: fstab?.entry });
    } catch (error) {
      findings.error(pointLine, `${where}: mount_point '${point}': expected ${(error as Error).message}`);
    }
  }
  return mounts;
}

function warnOfSwapOptions({ entry, where, optionsLine }: ReadFstab, findings: Findings): void {
  const { options } = entry;
  if (options.every((option) => option === 'sw' || option === 'defaults')) return;
  findings.warn(
    optionsLine,
    `${where}: options '${options.join(',')}' have no effect on swap space, whose line has 'sw 0 0'`,
  );
}

function rejectSameLabels(all: readonly ReadFileSystem[], findings: Findings): void {
  const lines = new Map<string, ReadFileSystem>();
  for (const one of all) {
    const other = lines.get(one.label);
    if (other === undefined) lines.set(one.label, one);
    else {
      findings.error(
        one.labelLine,
        `${one.where}: label '${one.label}' is already that of '${other.name}' in line ${other.line}; fstab names file systems by their labels`,
      );
    }
  }
}

/** A thin pool holds volumes. */
function rejectPools(read: ReadModules, { findings }: Names): void {
  const pools = new Set(
    read.lvms.flatMap(({ volumes }) => volumes.filter(({ type }) => type === 'thin-pool').map(({ name }) => name)),
  );
  for (const { base, where, line } of read.fileSystems) {
    if (base === undefined || !pools.has(base.name)) continue;
    findings.error(line, `${where}: base: '${base.name}' is a thin pool; expected a volume with 'type: thin' in it`);
  }
}

/** What grows at the first boot: a partition with nothing after it (growpart(1), systemd-repart(8)). */
function rejectGrowth(one: ReadFileSystem, device: string, { disks }: Devices, findings: Findings): void {
  const table = disks.find(({ table }) => table?.partitions.some(({ name }) => name === device))?.table;
  const last = table?.partitions.at(-1);
  if (table === undefined && disks.some(({ name }) => name === device)) return;
  if (table === undefined) {
    findings.error(
      one.growLine,
      `${one.where}: grow: '${device}' is a logical volume, which neither cloud-init nor systemd-repart makes larger; expected a partition`,
    );
  } else if (last?.name !== device) {
    findings.error(
      one.growLine,
      `${one.where}: grow: '${device}' has partitions after it, so it can't grow; expected the last one, '${last?.name}'`,
    );
  } else if (table.label === 'mbr' && !last.isPrimary) {
    findings.error(
      one.growLine,
      `${one.where}: grow: '${device}' is a logical partition, which growpart does not make larger; expected one with the flag 'primary', or 'label: gpt'`,
    );
  }
}

function mountPoints({ mount, subvolumes }: DocumentFileSystem): string[] {
  return [mount, ...subvolumes.map((subvolume) => subvolume.mount)].flatMap((one) => one?.point ?? []);
}

/** Plain text order puts a directory before what is in it. Swap comes after them, then what is not mounted. */
function inMountOrder(all: readonly DocumentFileSystem[]): DocumentFileSystem[] {
  const key = (one: DocumentFileSystem) => {
    const [first] = mountPoints(one).sort();
    return first === undefined ? '\uffff' : first === 'none' ? '\ufffe' : first;
  };
  const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
  return [...all].sort((one, other) => compare(key(one), key(other)));
}
