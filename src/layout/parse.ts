import { devicesOf } from './devices.js';
import type { LayoutDocument } from './document.js';
import { expand, subvolumeNode } from './expand.js';
import { fileSystemsOf } from './file-systems.js';
import { Findings } from './finding.js';
import { Names } from './names.js';
import { readModules, type ReadModules } from './read-modules.js';
import { readYaml } from './yaml-tree.js';

/**
 * Reads a layout in diskimage-builder's block-device language (its user guide, "Disk Image Layout") with image-factory's
 * extensions. Everything that is wrong with it is among the findings of the result, but for what depends on sizes.
 *
 * @param file its name, for messages
 */
export function parseLayout(text: string, file: string): LayoutDocument {
  const findings = new Findings();
  const read = readModules(expand(readYaml(text, findings), findings));
  const names = new Names(findings);
  declareAll(names, read);
  names.rejectCircles();
  const devices = devicesOf(read, names);
  const fileSystems = fileSystemsOf(read, names, devices);
  const { disks, volumeGroups } = devices;
  return { file, disks, volumeGroups, fileSystems, findings: findings.list };
}

function declareAll(names: Names, read: ReadModules): void {
  for (const { name, line } of read.disks) names.declare({ name, kind: 'local_loop', line, bases: [] });
  for (const { base, partitions } of read.tables) {
    for (const { name, line } of partitions) {
      names.declare({ name, kind: 'partition', line, bases: base ? [base] : [] });
    }
  }
  for (const { name, line, physicalVolumes, groups, volumes } of read.lvms) {
    if (name !== undefined) names.declare({ name, kind: 'lvm', line, bases: [] });
    for (const node of physicalVolumes) names.declare({ ...one(node), kind: 'pv' });
    for (const node of groups) names.declare({ name: node.name, line: node.line, kind: 'vg', bases: node.bases });
    for (const node of volumes) names.declare({ ...one(node), kind: 'lv' });
  }
  for (const node of read.fileSystems) {
    names.declare({ ...one(node), kind: 'mkfs' });
    for (const { name, line } of node.subvolumes) {
      const bases = [{ name: node.name, line: node.line }];
      names.declare({ name: subvolumeNode(node.name, name), kind: 'subvolume', line, bases });
    }
  }
  for (const node of read.mounts) names.declare({ ...one(node), kind: 'mount' });
  for (const node of read.fstabs) names.declare({ ...one(node), kind: 'fstab' });
}

function one({ name, line, base }: { name: string; line: number; base: { name: string; line: number } | undefined }) {
  return { name, line, bases: base ? [base] : [] };
}
