import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeDirectory } from './make-directory.js';

describe('makeDirectory', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'make-directory-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('makes what is missing, and says what', () => {
    const made = makeDirectory(join(directory, 'a/b/../c'), { mode: 0o700 });
    expect(made).to.deep.equal([join(directory, 'a'), join(directory, 'a/c')]);
    expect(statSync(join(directory, 'a/c')).mode & 0o777).to.equal(0o700);
    expect(makeDirectory(join(directory, 'a/c'))).to.deep.equal([]);
    expect(statSync(join(directory, 'a/c')).mode & 0o777).to.equal(0o700);
  });

  it('takes a link to a directory for one', () => {
    symlinkSync(directory, join(directory, 'link'));
    expect(makeDirectory(join(directory, 'link'))).to.deep.equal([]);
  });

  it('fails for the directory that can not be made, and never waits', () => {
    writeFileSync(join(directory, 'file'), '');
    symlinkSync('nowhere', join(directory, 'dangling'));
    symlinkSync('loop', join(directory, 'loop'));
    const errors: Record<string, string> = {
      '/proc/x/y/z': "ENOENT: no such file or directory, mkdir '/proc/x'",
      '/sys/x/y': "mkdir '/sys/x'",
      [join(directory, 'file')]: 'EEXIST',
      [join(directory, 'file/sub/x')]: `mkdir '${join(directory, 'file')}'`,
      [join(directory, 'dangling')]: 'EEXIST',
      [join(directory, 'loop/x')]: 'EEXIST',
      [join(directory, 'x'.repeat(300))]: 'ENAMETOOLONG',
    };
    for (const [path, message] of Object.entries(errors)) {
      expect(() => makeDirectory(path), path).to.throw(message);
    }
  });
});
