import type { DocumentDisk, DocumentFileSystem, DocumentMount, LayoutDocument } from './document.js';
import { mountType } from './file-system-types.js';
import { Findings, type LayoutFinding } from './finding.js';
import type { Disk, FileSystem, FstabLine, Layout } from './layout.js';
import { planGpt } from './plan-gpt.js';
import { planVolumeGroup } from './plan-lvm.js';
import { planMbr } from './plan-mbr.js';

export interface PlannedLayout {
  /** Whole only where no finding is an error. */
  readonly layout: Layout;
  /** What is wrong with the document, and with the sizes. */
  readonly findings: readonly LayoutFinding[];
}

/**
 * The layout of a document with every size known.
 *
 * @param imageSize bytes: the size of disks that the document gives none
 */
export function planLayout(document: LayoutDocument, { imageSize }: { readonly imageSize: number }): PlannedLayout {
  const findings = new Findings();
  const disks = document.disks.map((disk) => planDisk(disk, disk.size ?? imageSize, findings));
  const sizes = deviceSizes(disks);
  const volumeGroups = document.volumeGroups.flatMap(
    (group) => planVolumeGroup(group, (device) => sizes.get(device), findings) ?? [],
  );
  const layout = {
    disks,
    volumeGroups,
    fileSystems: document.fileSystems.map(planFileSystem),
    fstab: fstabOf(document.fileSystems),
  };
  return { layout, findings: inOrderOfLines([...document.findings, ...findings.list]) };
}

function planDisk({ name, sectorSize, table }: DocumentDisk, size: number, findings: Findings): Disk {
  const whole = Math.floor(size / sectorSize) * sectorSize;
  const common = { name, size: whole, sectorSize };
  if (table === undefined) return { ...common, label: null, partitions: [] };
  const { label } = table;
  const partitions = label === 'mbr' ? planMbr(table, size, findings) : planGpt(table, size, sectorSize, findings);
  return { ...common, label, partitions };
}

/** Bytes, by the name of a disk or partition. */
function deviceSizes(disks: readonly Disk[]): Map<string, number> {
  const sizes = disks.flatMap(({ name, size, sectorSize, partitions }): [string, number][] => [
    [name, size],
    ...partitions
      .filter(({ kind }) => kind !== 'extended')
      .map((partition): [string, number] => [partition.name, partition.size * sectorSize]),
  ]);
  return new Map(sizes);
}

function planFileSystem(from: DocumentFileSystem): FileSystem {
  const { name, on, type, label, uuid, options, grow, mount, subvolumes } = from;
  return {
    name,
    on,
    type,
    label,
    ...(uuid === undefined ? {} : { uuid }),
    options,
    ...pathOf(mount),
    grow,
    subvolumes: subvolumes.map((subvolume) => ({ name: subvolume.name, ...pathOf(subvolume.mount) })),
  };
}

function pathOf(mount: DocumentMount | undefined): { mount?: string } {
  return mount === undefined || mount.point === 'none' ? {} : { mount: mount.point };
}

/** The lines of those that have an fstab entry, a directory before what is in it, swap last. */
function fstabOf(fileSystems: readonly DocumentFileSystem[]): FstabLine[] {
  const lines = fileSystems.flatMap((one) => [
    ...lineOf(one, one.mount, []),
    ...one.subvolumes.flatMap(({ name, mount }) => lineOf(one, mount, [`subvol=${name}`])),
  ]);
  // Swap keeps its place, as sorting is stable.
  const key = ({ mount }: FstabLine) => (mount === 'none' ? '\uffff' : mount);
  return lines.sort((one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0));
}

function lineOf(one: DocumentFileSystem, mount: DocumentMount | undefined, more: readonly string[]): FstabLine[] {
  if (mount?.fstab === undefined) return [];
  const { options, dump, pass } = mount.fstab;
  const line = { device: `LABEL=${one.label}`, fileSystem: one.name, mount: mount.point, type: mountType(one.type) };
  return [{ ...line, options: [...options, ...more], dump, pass }];
}

function inOrderOfLines(findings: readonly LayoutFinding[]): LayoutFinding[] {
  return [...findings].sort((one, other) => (one.line ?? Infinity) - (other.line ?? Infinity) || 0);
}
