import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { rejection, testHost } from '../../test/support/host.js';
import type { AptRoot } from './apt/private-root.js';
import type { LockedPackage } from './lock-file.js';
import { lockedSums, pooledFiles, removePooled } from './pool-contents.js';
import { fillPool, pooled } from './pool.js';

describe('what the pool of packages holds', () => {
  let top: string;
  beforeEach(() => (top = mkdtempSync(join(tmpdir(), 'pool-contents-'))));
  afterEach(() => rmSync(top, { recursive: true }));

  const write = (path: string, text = path) => {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text);
    utimesSync(join(top, path), 1000, 1000);
  };
  const named = (letter: string) => `${letter.repeat(2)}/${letter.repeat(64)}`;

  it('is told with the time at which a build needed it last, without what is being fetched', async () => {
    for (const path of [`${named('a')}.deb`, '.fetch-1/aa/file', `.repository-1/${named('b')}.deb`, 'aa/notes'])
      write(path);
    expect(await pooledFiles(top)).to.deep.equal([
      { path: join(top, `${named('a')}.deb`), sha256: 'a'.repeat(64), bytes: 71, lastUsed: new Date(1_000_000) },
    ]);
    expect(await pooledFiles(join(top, 'nowhere'))).to.deep.equal([]);
  });

  it('stays where a build has needed it since', async () => {
    const locked = { sha256: 'a'.repeat(64), path: 'a.deb' } as LockedPackage;
    write(`${named('a')}.deb`);
    write(`${named('b')}.deb`);
    const files = await pooledFiles(top);
    // There is nothing to fetch.
    const places = { sources: [], archives: [] };
    expect((await fillPool(testHost(), top, {} as AptRoot, [locked], places)).gone).to.deep.equal([]);
    expect(files.map(removePooled)).to.deep.equal([false, true]);
    // An index that was made of it tells the time of its content.
    expect(statSync(pooled(top, locked)).mtimeMs).to.equal(1_000_000);
  });

  it('is locked by any sum in the files of locks, even in one that no build takes', async () => {
    write('locks/web.json', `<<<<<<< ours\n{"sha256":"${'a'.repeat(64)}"},\n=======\n{"sha256":"${'b'.repeat(64)}"}`);
    mkdirSync(join(top, 'locks/old'));
    const sums = await lockedSums([join(top, 'locks'), join(top, 'none')]);
    expect([...sums]).to.deep.equal(['a'.repeat(64), 'b'.repeat(64)]);
    write('file');
    expect(String(await rejection(lockedSums([join(top, 'file')])))).to.contain(
      `can't read the package lock ${join(top, 'file')}`,
    );
  });
});
