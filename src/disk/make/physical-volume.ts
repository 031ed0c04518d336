import { UsageError } from '../../host/failure.js';
import { lvmChecksum } from '../lvm/checksum.js';
import { physicalVolumeStart } from './volume-extents.js';

/** Bytes: where label and headers stand in sectors of this size. */
const sector = 512;

/** Where the metadata area begins; the label is in the second sector before it. */
const areaStart = 4096;
const areaSize = physicalVolumeStart - areaStart;

const areaMagic = Buffer.from(' LVM2 x[5A%r0N*>', 'latin1');

/** PV_EXT_USED: it belongs to a volume group. */
const extensionUsed = 1;

/**
 * The first bytes of a physical volume of LVM2: label, header, and a metadata area with the group's text. The format is that
 * of LVM2's lib/label/label.h and lib/format_text/layout.h.
 *
 * @param id as LVM shows it, with dashes
 * @param size of the physical volume, in bytes
 */
export function physicalVolumeHead(id: string, size: number, metadata: string): Buffer {
  const text = Buffer.from(`${metadata}\0`, 'utf8');
  if (text.length > areaSize - sector) {
    throw new UsageError([
      `the metadata of the volume group has ${text.length} bytes, and there is room for ${areaSize - sector}`,
    ]);
  }
  const head = Buffer.alloc(areaStart + sector + Math.ceil(text.length / sector) * sector);
  writeLabel(head.subarray(sector, 2 * sector), id, size);
  writeAreaHeader(head.subarray(areaStart, areaStart + sector), text);
  text.copy(head, areaStart + sector);
  return head;
}

function writeLabel(label: Buffer, id: string, size: number): void {
  label.write('LABELONE', 0, 'latin1');
  label.writeBigUInt64LE(1n, 8);
  label.writeUInt32LE(32, 20);
  label.write('LVM2 001', 24, 'latin1');
  label.write(id.replaceAll('-', ''), 32, 'latin1');
  const areas = [
    size,
    // The data area, of which the size is what is left; the end of that list; the metadata area; the end of that list.
    ...[physicalVolumeStart, 0, 0, 0],
    ...[areaStart, areaSize, 0, 0],
  ];
  let at = 64;
  for (const value of areas) at = label.writeBigUInt64LE(BigInt(value), at);
  at = label.writeUInt32LE(2, at);
  label.writeUInt32LE(extensionUsed, at);
  // The list of boot loader areas is empty. The sum is over all that stands behind it.
  label.writeUInt32LE(lvmChecksum(label.subarray(20)), 16);
}

function writeAreaHeader(header: Buffer, text: Buffer): void {
  areaMagic.copy(header, 4);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(areaStart), 24);
  header.writeBigUInt64LE(BigInt(areaSize), 32);
  // The first location: where the text stands in the area.
  header.writeBigUInt64LE(BigInt(sector), 40);
  header.writeBigUInt64LE(BigInt(text.length), 48);
  header.writeUInt32LE(lvmChecksum(text), 56);
  header.writeUInt32LE(lvmChecksum(header.subarray(4)), 0);
}
