import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { tarOf } from '../../../test/support/tar-bytes.js';
import { ArchiveReader } from './archive-reader.js';

const digestOf = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

describe('ArchiveReader', () => {
  let scratch: string;
  const contents: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    block: randomBytes(512),
    'deep/file': randomBytes(700),
    [`deep/${'long-'.repeat(18)}`]: randomBytes(70_000),
    [`deep/${'n'.repeat(90)}/${'m'.repeat(90)}`]: Buffer.from('both are long'),
  };

  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'archive-reader-'));
    for (const [path, content] of Object.entries(contents)) {
      const file = join(scratch, 'tree', path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, content);
    }
    execFileSync('ln', ['-s', 'x'.repeat(150), join(scratch, 'tree/link')]);
    execFileSync('ln', [join(scratch, 'tree/block'), join(scratch, 'tree/again')]);
  });

  after(() => rmSync(scratch, { recursive: true }));

  /** An archive of the tree by GNU tar. */
  function packed(...options: string[]): Buffer {
    return execFileSync('tar', [...options, '-C', join(scratch, 'tree'), '-c', '.'], { maxBuffer: 2 ** 28 });
  }

  /** What is read of an archive that comes in pieces, when its files are listed as they are. */
  function read(archive: Buffer, piece: number, listed = filesIn(archive)): ReturnType<ArchiveReader['files']> {
    const reader = new ArchiveReader();
    for (let at = 0; at < archive.length; at += piece) reader.write(archive.subarray(at, at + piece));
    for (const [name, size] of listed) reader.list(name, size);
    return reader.files();
  }

  /** The regular files in the order of an archive, as tar lists them. */
  function filesIn(archive: Buffer): (readonly [string, number])[] {
    const list = execFileSync('tar', ['-tvf', '-'], {
      input: archive,
      encoding: 'latin1',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    return [...list.matchAll(/^-\S+ +\S+ +(\d+) \S+ \S+ (.*)$/gm)].map(([, size, name]) => [name!, Number(size)]);
  }

  for (const format of ['ustar', 'gnu', 'posix']) {
    for (const piece of [1, 511, 70_001, 2 ** 24]) {
      it(`hashes the files of an archive in the format ${format} that comes in pieces of ${piece} bytes`, () => {
        // ustar has no links of more than 100 bytes.
        const found = read(packed(`--format=${format}`, ...(format === 'ustar' ? ['--exclude=./link'] : [])), piece);
        // Of a file with several names, the first one has the content.
        for (const [path, content] of Object.entries(contents)) {
          const entry = found.get(path) ?? found.get('again');
          expect(entry, path).to.deep.equal({ size: content.length, digest: digestOf(content) });
        }
        expect(found.size).to.equal(Object.keys(contents).length);
      });
    }
  }

  it('knows nothing where tar lists other files, sizes or an other order', () => {
    const archive = packed('--format=posix', '--sort=name');
    const files = filesIn(archive);
    expect(read(archive, 4096, files)).not.to.have.lengthOf(0);
    expect(read(archive, 4096, files.slice(1))).to.have.lengthOf(0);
    expect(read(archive, 4096, files.toReversed())).to.have.lengthOf(0);
    expect(
      read(
        archive,
        4096,
        files.map(([name, size]) => [name, size + 1] as const),
      ),
    ).to.have.lengthOf(0);
  });

  it('knows nothing of an archive with what it does not know, or that is cut off', () => {
    execFileSync('truncate', ['-s', '3M', join(scratch, 'hole')]);
    const sparse = (format: string) =>
      execFileSync('tar', ['-S', `--format=${format}`, '-C', scratch, '-c', 'hole'], { maxBuffer: 2 ** 28 });
    const whole = packed('--format=posix');
    const odd = {
      'holes of GNU': sparse('gnu'),
      'holes of POSIX': sparse('posix'),
      'headers for all entries': packed('--format=posix', '--pax-option=globexthdr.name=g,comment=x'),
      'no end': whole.subarray(0, 4096),
      'a wrong sum': Buffer.concat([Buffer.from('x'), whole.subarray(1)]),
      'no archive': randomBytes(10_240),
    };
    for (const [what, archive] of Object.entries(odd)) {
      const listed = ['no end', 'a wrong sum', 'no archive'].includes(what) ? [] : filesIn(archive);
      expect(read(archive, 1000, listed), what).to.have.lengthOf(0);
    }
  });

  it('finds out how an archive has access control lists, also in one that it does not know', () => {
    const file = join(scratch, 'listed');
    writeFileSync(file, '');
    execFileSync('setfacl', ['-m', 'u:1234:r', file]);
    const kindOf = (options: readonly string[], hole: readonly string[] = []) => {
      execFileSync('truncate', ['-s', '3M', join(scratch, 'hole')]);
      const archive = execFileSync('tar', [...options, '-S', '--format=posix', '-C', scratch, '-c', ...hole, 'listed']);
      const reader = new ArchiveReader();
      for (let at = 0; at < archive.length; at += 100) reader.write(archive.subarray(at, at + 100));
      return reader.lists;
    };
    for (const hole of [[], ['hole']]) {
      expect(kindOf(['--acls'], hole)).to.equal('text');
      expect(kindOf(['--xattrs', '--xattrs-include=*'], hole)).to.equal('attributes');
      expect(kindOf([], hole)).to.equal('attributes');
    }
  });

  it('takes hostile headers for nothing to rely on', () => {
    // Names that make directories of files, and sizes of entries without content.
    for (const member of [{ name: 'file/' }, { name: 'directory', type: '5', size: 512 }]) {
      expect(read(tarOf(member), 512, [['file/', 0]])).to.have.lengthOf(0);
    }
  });
});
