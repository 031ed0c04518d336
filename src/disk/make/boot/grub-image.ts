import { Failure } from '../../../host/failure.js';

/** Bytes: what a BIOS reads at once. */
const sector = 512;

/** Bytes at the beginning of an MBR that are code: the disk's id and its partitions stand behind them. */
const codeSize = 440;

/**
 * Where GRUB's boot.img has the number of the core image's first sector, the BIOS drive, and a jump that is taken on
 * floppy disks (GRUB, include/grub/i386/pc/boot.h).
 */
const boot = { sectorAt: 0x5c, driveAt: 0x64, driveCheckAt: 0x66, anyDrive: 0xff };

/**
 * Where the core image's first sector has the list of the others: the number of the first one, how many they are, and the
 * segment that they are read to (GRUB, include/grub/i386/pc/boot.h, `grub_pc_bios_boot_blocklist`).
 */
const list = { startAt: 0x1f4, lengthAt: 0x1fc, segmentAt: 0x1fe, segment: 0x820 };

/**
 * The code of an MBR that starts GRUB's core image.
 *
 * @param coreStart the first sector of the core image, of 512 bytes
 */
export function bootCode(bootImage: Buffer, coreStart: number): Buffer {
  if (bootImage.length !== sector || bootImage.readUInt16LE(510) !== 0xaa55) {
    throw new Failure("the tree's boot.img of GRUB is not a boot sector");
  }
  const code = Buffer.from(bootImage.subarray(0, codeSize));
  code.writeBigUInt64LE(BigInt(coreStart), boot.sectorAt);
  code.writeUInt8(boot.anyDrive, boot.driveAt);
  // Two instructions that do nothing instead of the jump: hard disks have no floppy's geometry.
  code.writeUInt16LE(0x9090, boot.driveCheckAt);
  return code;
}

/** The core image as it stands on the disk from a sector on, in one piece. */
export function coreImageAt(core: Buffer, coreStart: number): Buffer {
  const placed = Buffer.alloc(Math.ceil(core.length / sector) * sector);
  core.copy(placed);
  placed.writeBigUInt64LE(BigInt(coreStart + 1), list.startAt);
  placed.writeUInt16LE(placed.length / sector - 1, list.lengthAt);
  placed.writeUInt16LE(list.segment, list.segmentAt);
  return placed;
}
