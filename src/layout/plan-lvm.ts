import type { DocumentVolume, DocumentVolumeGroup, VolumeSize } from './document.js';
import type { Findings } from './finding.js';
import type { LogicalVolume, VolumeGroup } from './layout.js';
import { shownSize } from './size.js';

/** LVM's default. */
const extent = 4 * 2 ** 20;

/** Where the data of a physical volume begin: LVM's default alignment. */
const beforeData = 2 ** 20;

/**
 * A volume group, and its volumes in whole extents, as pvcreate(8), vgcreate(8) and lvcreate(8) make them one after
 * another. Undefined where a physical volume is missing, which has been complained of.
 *
 * @param sizeOf the size of a device in bytes
 */
export function planVolumeGroup(
  group: DocumentVolumeGroup,
  sizeOf: (device: string) => number | undefined,
  findings: Findings,
): VolumeGroup | undefined {
  const sizes = group.physicalVolumes.map(sizeOf);
  if (sizes.length === 0 || sizes.includes(undefined)) return undefined;
  const all = sizes.reduce<number>(
    (sum, size) => sum + Math.max(Math.floor(((size ?? 0) - beforeData) / extent), 0),
    0,
  );
  if (all === 0) {
    findings.error(group.line, `volume group '${group.name}': its physical volumes have room for no extent of 4 MiB`);
  }
  let left = all;
  let spare = 0;
  const volumes = group.volumes.map((volume): LogicalVolume => {
    const metadata = volume.type === 'thin-pool' ? (size: number) => poolMetadata(size) : () => 0;
    // Beside its own metadata, the group keeps room to repair those of its largest pool.
    const around = (extents: number) => metadata(extents) + Math.max(metadata(extents) - spare, 0);
    const extents = extentsOf(volume, all, left, around, findings);
    if (volume.type !== 'thin') {
      left = Math.max(left - extents - around(extents), 0);
      spare = Math.max(spare, metadata(extents));
    }
    const { name, type, thinPool } = volume;
    return { name, size: extents * extent, type, ...(thinPool === undefined ? {} : { thinPool }) };
  });
  return { name: group.name, physicalVolumes: group.physicalVolumes, volumes, extentSize: extent };
}

/** The extents for the metadata of a thin pool: 64 bytes for each chunk of 64 KiB, 2 MiB at least (lvmthin(7)). */
function poolMetadata(extents: number): number {
  const bytes = Math.max((extents * extent * 64) / (64 * 1024), 2 * 2 ** 20);
  return Math.ceil(bytes / extent);
}

function extentsOf(
  { name, sizeLine: line, size, type }: DocumentVolume,
  all: number,
  left: number,
  around: (extents: number) => number,
  findings: Findings,
): number {
  const where = `logical volume '${name}'`;
  const wanted = wantedExtents(size, all, left);
  if (wanted === 0) {
    const room = left === 0 ? 'nothing is left of its volume group' : 'it would have no extent of 4 MiB';
    findings.error(line, `${where}: ${room}; expected a larger size`);
    return 0;
  }
  if (type === 'thin') return wanted;
  if ('percent' in size) {
    // lvcreate takes what is left where a per cent comes to more.
    let extents = Math.min(wanted, left);
    while (extents > 0 && extents + around(extents) > left) extents--;
    if (extents === 0)
      findings.error(
        line,
        `${where}: nothing is left of its volume group; expected a smaller share of those before it`,
      );
    return extents;
  }
  const more = around(wanted) > 0 ? ' with its metadata' : '';
  if (wanted + around(wanted) > left) {
    findings.error(
      line,
      `${where}: ${shownSize(wanted * extent)}${more} do not fit in what is left, ${shownSize(left * extent)} of the ${shownSize(all * extent)} of its volume group`,
    );
  }
  return wanted;
}

/** Sizes and per cents are cut to whole extents. */
function wantedExtents(size: VolumeSize, all: number, left: number): number {
  if ('bytes' in size) return Math.floor(size.bytes / extent);
  if ('extents' in size) return size.extents;
  return Math.floor(((size.of === 'FREE' ? left : all) * size.percent) / 100);
}
