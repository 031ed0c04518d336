import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeSearchable } from './searchable-directory.js';

describe('makeSearchable', () => {
  let directory: string;
  let umask: number;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'searchable-'));
    umask = process.umask();
  });
  afterEach(() => {
    process.umask(umask);
    rmSync(directory, { recursive: true });
  });
  const mode = (path: string) => statSync(join(directory, path)).mode & 0o777;

  for (const restrictive of [0o077, 0o027]) {
    it(`lets every user search what it makes under the umask ${restrictive.toString(8)}, and no more`, () => {
      process.umask(restrictive);
      makeSearchable(join(directory, 'a/b'));
      for (const made of ['a', 'a/b']) expect(mode(made), made).to.equal((0o777 & ~restrictive) | 0o111);
      makeSearchable(join(directory, 'work'), 0o711);
      expect(mode('work')).to.equal(0o711);
    });
  }

  it('leaves a directory as it is that was there before', () => {
    mkdirSync(join(directory, 'there'), { mode: 0o700 });
    makeSearchable(join(directory, 'there'));
    makeSearchable(join(directory, 'there'), 0o711);
    expect(mode('there')).to.equal(0o700);
  });
});
