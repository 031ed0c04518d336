import { open, type FileHandle } from 'node:fs/promises';
import { identity, type Making } from '../making.js';
import type { ConvertedFormat } from './drivers.js';

/** Seconds from 1970 to 2000, from which VHD counts. */
const vhdEpoch = Date.UTC(2000, 0, 1) / 1000;

/**
 * Replaces what qemu-img takes from the clock and from chance: time and identifier of a VHD, identifiers of a VDI, the
 * content id of a VMDK. The checksums of a VHDX cover its identifiers, so it stays as it is.
 */
export async function steady(path: string, format: ConvertedFormat, making: Making): Promise<void> {
  if (format !== 'vhd' && format !== 'vdi' && format !== 'vmdk') return;
  const file = await open(path, 'r+');
  try {
    if (format === 'vhd') await steadyVhd(file, making);
    else if (format === 'vdi') await steadyVdi(file, making);
    else await steadyVmdk(file, making);
  } finally {
    await file.close();
  }
}

/** The footer as Microsoft's "Virtual Hard Disk Image Format Specification" has it; a dynamic disk begins with a copy. */
async function steadyVhd(file: FileHandle, making: Making): Promise<void> {
  const { size } = await file.stat();
  for (const position of [size - 512, 0]) {
    const footer = await bytesAt(file, position, 512);
    if (footer.toString('latin1', 0, 8) !== 'conectix') continue;
    footer.writeUInt32BE(Math.max(0, making.time - vhdEpoch), 24);
    identity(making, 'vhd').copy(footer, 68, 0, 16);
    footer.writeUInt32BE(0, 64);
    footer.writeUInt32BE(~footer.reduce((sum, byte) => sum + byte, 0) >>> 0, 64);
    await file.write(footer, 0, footer.length, position);
  }
}

/** Offsets of uuidCreate and uuidModify in the header that VirtualBox's Storage/VDICore.h describes. */
async function steadyVdi(file: FileHandle, making: Making): Promise<void> {
  await file.write(identity(making, 'vdi'), 0, 16, 0x188);
  await file.write(identity(making, 'vdi'), 0, 16, 0x198);
}

/** The descriptor in the file, a text: VMware's "Virtual Disk Format 5.0". */
async function steadyVmdk(file: FileHandle, making: Making): Promise<void> {
  const header = await bytesAt(file, 0, 512);
  const at = Number(header.readBigUInt64LE(28)) * 512;
  const descriptor = await bytesAt(file, at, Number(header.readBigUInt64LE(36)) * 512);
  // qemu-img writes the number without leading zeros: the text becomes shorter or longer by that.
  const text = descriptor.toString('latin1').replace(/\0+$/, '');
  const id = identity(making, 'vmdk').toString('hex').slice(0, 8);
  const steadied = Buffer.alloc(descriptor.length);
  steadied.write(text.replace(/^CID=[0-9a-f]+$/m, `CID=${id}`), 'latin1');
  await file.write(steadied, 0, steadied.length, at);
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await file.read(bytes, 0, length, position);
  return bytes;
}
