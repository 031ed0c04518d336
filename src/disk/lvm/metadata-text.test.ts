import { expect } from 'chai';
import { lvmChecksum } from './checksum.js';
import { parseMetadata } from './metadata-text.js';

describe('metadata of LVM', () => {
  it('is sections in sections, with texts, numbers and lists', () => {
    const text = [
      'vg-1 {',
      'id = "rFqZZB-uPuY" # a comment { with } signs',
      'status = ["RESIZEABLE", "READ"]',
      'flags = []',
      'extent_size = 8192\t# 4 Megabytes',
      'segment1 {stripes = ["pv0", 13]}',
      '}',
      'description = "Write from \\"lvcreate -n a\\\\b\\"."',
      'creation_host = "vm"\t# Linux vm 6.1.0 #1 SMP x86_64',
    ].join('\n');
    expect(parseMetadata(text)).to.deep.equal({
      'vg-1': {
        id: 'rFqZZB-uPuY',
        status: ['RESIZEABLE', 'READ'],
        flags: [],
        extent_size: 8192,
        segment1: { stripes: ['pv0', 13] },
      },
      description: 'Write from "lvcreate -n a\\b".',
      creation_host: 'vm',
    });
  });

  it('may call a volume as a number is written, or as what every object has', () => {
    const volumes = parseMetadata('logical_volumes { 0 { id = "a" } 13-1 { id = "b" } __proto__ { id = "c" } }');
    expect(Object.keys(volumes['logical_volumes']!)).to.have.members(['0', '13-1', '__proto__']);
  });

  const broken: Record<string, string> = {
    'vg {': "'the end' where a name was expected",
    'vg { id = }': "'}' where a value was expected",
    'vg { id "x" }': "'\"x\"' where '=' was expected",
    'a = 1 a = 2': "'a' twice",
    'a = "no end': "'\"no end' is no part of it",
    'a = [1, 2': "'the end' where ',' was expected",
    ['a {'.repeat(20)]: 'sections in more than 16 others',
  };
  for (const [text, why] of Object.entries(broken)) {
    it(`is refused as ${text.slice(0, 12)}: ${why}`, () => {
      expect(() => parseMetadata(text)).to.throw(why);
    });
  }

  it('has the sums that LVM writes', () => {
    // The first 492 bytes of a label after its sum: those of an empty one, as pvck(8) computes them.
    expect(lvmChecksum(Buffer.alloc(0))).to.equal(0xf597a6cf);
    expect(lvmChecksum(Buffer.from('123456789'))).to.equal(sumBitByBit(Buffer.from('123456789')));
  });
});

/** The same sum as the hardware does it. */
function sumBitByBit(bytes: Uint8Array): number {
  let sum = 0xf597a6cf;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (((sum ^ (byte >> bit)) & 1) === 1 ? 0xedb88320 : 0);
  }
  return sum >>> 0;
}
