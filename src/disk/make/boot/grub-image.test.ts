import { expect } from 'chai';
import { bootCode, coreImageAt } from './grub-image.js';

/** A boot sector with a byte of its own everywhere. */
function bootImage(): Buffer {
  const image = Buffer.alloc(512, 0xaa);
  image.writeUInt16LE(0xaa55, 510);
  return image;
}

describe("GRUB's images for a BIOS", () => {
  it('name the first sector of the core image, and take the drive that the BIOS tells', () => {
    const code = bootCode(bootImage(), 2048);
    expect(code).to.have.length(440, "the disk's id and the partitions are behind it");
    expect(code.readBigUInt64LE(0x5c)).to.equal(2048n);
    expect(code.readUInt8(0x64)).to.equal(0xff);
    expect(code.readUInt16LE(0x66)).to.equal(0x9090);
    expect(code.subarray(0, 0x5c).every((byte) => byte === 0xaa)).to.equal(true);
    expect(code.subarray(0x68).every((byte) => byte === 0xaa)).to.equal(true);
  });

  it('list the sectors of the core image behind its first', () => {
    const core = Buffer.alloc(512 * 3 + 7, 0x11);
    const placed = coreImageAt(core, 34);
    expect(placed).to.have.length(512 * 4);
    expect(placed.readBigUInt64LE(0x1f4)).to.equal(35n);
    expect(placed.readUInt16LE(0x1fc)).to.equal(3);
    expect(placed.readUInt16LE(0x1fe)).to.equal(0x820);
    expect(placed.subarray(512, 512 * 3 + 7).every((byte) => byte === 0x11)).to.equal(true);
  });

  it('are refused where the tree has something else by that name', () => {
    expect(() => bootCode(Buffer.alloc(512), 1)).to.throw('is not a boot sector');
  });
});
