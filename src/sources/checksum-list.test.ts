import { expect } from 'chai';
import { parseSource } from '../config/source.js';
import { Failure } from '../host/failure.js';
import { listedSum, readChecksumList } from './checksum-list.js';

const [one, other] = ['1'.repeat(64), '2'.repeat(64)];
const uri = parseSource('http://mirror.example.org/os/SHA256SUMS');

/** The sum that a list has for a file beside it. */
function sumIn(text: string, path = 'images/linux'): string {
  return listedSum(readChecksumList(uri, text), 'linux', parseSource(`http://mirror.example.org/os/${path}`));
}

describe('a checksum list', () => {
  for (const [format, text] of Object.entries({
    'Debian: two blanks and ./': `${other}  ./images/gtk/linux\n${one}  ./images/linux\n`,
    'Ubuntu: a star for binary files': `${one} *images/linux\n${other} *images/linux.iso\n`,
    'sha256sum --tag, as Fedora': `# linux: 12 bytes\nSHA256 (images/linux) = ${one}\n`,
    'capital letters and line ends of Windows': `${'1'.repeat(64).toUpperCase()}  images/linux\r\n`,
    'a .treeinfo': `[general]\nversion = 42\n[checksums]\nimages/linux = sha256:${one}\nimages/x = sha256:${other}\n\n[tree]\nimages/linux = sha256:${other}\n`,
    'SHA-256 beside weaker sums': `MD5 (images/linux) = ${'3'.repeat(32)}\nSHA256 (images/linux) = ${one}\n`,
    'the same line twice': `${one}  images/linux\n${one} *./images/linux\n`,
  })) {
    it(`is read as ${format}`, () => expect(sumIn(text)).to.equal(one));
  }

  it('knows a file by its path below the list, and by no other that ends alike', () => {
    expect(() => sumIn(`${one}  linux\n${one}  gtk/images/linux\n`)).to.throw(
      Failure,
      /^linux: the checksum list http:.*SHA256SUMS has no sum for images\/linux \(for http:.*images\/linux\)$/,
    );
  });

  it('of another server knows a file by the end of its path', () => {
    const list = readChecksumList(
      parseSource('https://keys.example.org/SHA256SUMS'),
      `${other}  linux\n${one}  images/linux\n`,
    );
    expect(listedSum(list, 'linux', parseSource('rsync://mirror.example.org/os/images/linux'))).to.equal(one);
  });

  it('reads percent signs in URLs', () => expect(sumIn(`${one}  a b/linux\n`, 'a%20b/linux')).to.equal(one));

  it('with two sums for a file is worth nothing', () => {
    expect(() => sumIn(`${one}  images/linux\n${other}  images/linux\n`)).to.throw(
      Failure,
      `has different SHA-256 sums for images/linux: ${one}, ${other}`,
    );
  });

  for (const [weak, text] of Object.entries({
    md5: `[checksums]\nimages/linux = md5:${'3'.repeat(32)}\n`,
    sha1: `[checksums]\nimages/linux = sha1:${'3'.repeat(40)}\n`,
    'md5, sha1': `${'3'.repeat(32)}  images/linux\n${'4'.repeat(40)}  images/linux\n`,
  })) {
    it(`with ${weak} only is not enough`, () => {
      expect(() => sumIn(text)).to.throw(Failure, `has no SHA-256 sum for images/linux, but only ${weak}`);
    });
  }

  for (const [what, text] of Object.entries({
    'cut off in a sum': one.slice(0, 40),
    'cut off before the name': `${one}  `,
    'a web page': '<html><body>Please log in</body></html>',
    empty: '',
    'a sum of the wrong length': `[checksums]\nimages/linux = sha256:${one.slice(1)}\n`,
    'one endless line': `${one}  ${'x'.repeat(1_000_000)}`,
    'a line to stumble over': `SHA256 (${') = 0'.repeat(1_000_000)}`,
  })) {
    it(`is none if it is ${what}`, () => {
      expect(() => sumIn(text)).to.throw(Failure, `checksums: there is no checksum in ${uri.shown}`);
    });
  }

  it('cut off in a path lacks that file', () => {
    expect(() => sumIn(`${other}  images/initrd.gz\n${one}  images/lin`)).to.throw(Failure, 'has no sum for');
  });

  it('shows no password', () => {
    const list = readChecksumList(parseSource('http://me:s3cret@host/SHA256SUMS'), `${one}  x\n`);
    expect(() => listedSum(list, 'linux', parseSource('http://me:s3cret@host/linux'))).to.throw(/^(?!.*s3cret)/);
  });
});
