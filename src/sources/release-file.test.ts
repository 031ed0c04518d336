import { expect } from 'chai';
import { parseSource } from '../config/source.js';
import { isReleaseFile, readReleaseFile } from './release-file.js';

describe('Release files', () => {
  it('are told from checksum lists', () => {
    expect(isReleaseFile('Suite: stable\nSHA256:\n 12 1 x\n')).to.be.true;
    expect(isReleaseFile(`SHA256 (linux) = ${'1'.repeat(64)}\n`)).to.be.false;
  });

  it('give SHA-256 sums, and no others', () => {
    const text = `Codename: trixie\nMD5Sum:\n ${'0'.repeat(32)} 9 linux\nSHA256:\n ${'1'.repeat(64)}      9 linux\nSHA512:\n ${'2'.repeat(64)} 9 x\n`;
    expect(readReleaseFile(parseSource('http://host/dists/trixie/InRelease'), text).sums).to.deep.equal([
      { path: 'linux', algorithm: 'sha256', sum: '1'.repeat(64) },
    ]);
  });
});
