import { expect } from 'chai';
import { parseShare, parseSize, shownSize } from './size.js';

describe('a size in a layout', () => {
  const sizes: [string, number][] = [
    ['2GiB', 2 * 2 ** 30],
    ['2 GiB', 2 * 2 ** 30],
    ['2.5GiB', 2.5 * 2 ** 30],
    ['.5TiB', 2 ** 39],
    ['12KB', 12_000],
    // Without an i, units are decimal, the short ones too.
    ['3G', 3_000_000_000],
    ['3GB', 3_000_000_000],
    ['1800M', 1_800_000_000],
    ['7K', 7000],
    ['1T', 1e12],
    ['512B', 512],
    ['4096', 4096],
    ['GiB', 2 ** 30],
    // Cut to whole bytes.
    ['1.0000001KiB', 1024],
  ];
  for (const [text, bytes] of sizes) {
    it(`takes '${text}' for ${bytes} bytes`, () => expect(parseSize(text)).to.equal(bytes));
  }

  for (const text of ['', '.', '1.2.3G', '2  GiB', '-1G', '1e3', '1PiB', '10%', 'ten', '2 GiB ']) {
    it(`refuses '${text}'`, () => expect(() => parseSize(text)).to.throw('a size such as'));
  }

  it('suggests a unit in the right letters', () => {
    expect(() => parseSize('2gib')).to.throw("(did you mean 'GiB'?)");
    expect(() => parseSize('2k')).to.throw("(did you mean 'K'?)");
  });

  it('may be a per cent of what is left', () => {
    expect(parseShare('33.5%')).to.deep.equal({ percent: 33.5 });
    expect(parseShare('100 %')).to.deep.equal({ percent: 100 });
    for (const text of ['150%', '-5%', '0%', '%', '1e1%']) {
      expect(() => parseShare(text), text).to.throw("above 0% and up to '100%'");
    }
  });

  it('is shown in binary units', () => {
    expect([0, 1023, 1536, 1e6, 3e9, 3071 * 2 ** 20, 2 ** 40].map(shownSize)).to.deep.equal([
      '0 B',
      '1023 B',
      '1.5 KiB',
      '976.56 KiB',
      '2.79 GiB',
      '3071 MiB',
      '1 TiB',
    ]);
  });
});
