/** Where LVM's sums begin (LVM2, lib/misc/crc.h: `INITIAL_CRC`). */
const initial = 0xf597a6cf;

/** The polynomial of CRC-32, of which LVM takes the bits from the lowest on. */
const table = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value >>> 0;
});

/** The sum that LVM writes over a label, a header of a metadata area, and metadata: CRC-32 that is not inverted at its end. */
export function lvmChecksum(bytes: Uint8Array): number {
  let sum = initial;
  for (const byte of bytes) sum = (sum >>> 8) ^ table[(sum ^ byte) & 0xff]!;
  return sum >>> 0;
}
