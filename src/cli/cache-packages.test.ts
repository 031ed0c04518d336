import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { changeEnvironment, rejection } from '../../test/support/host.js';
import { cache } from './cache.js';

const locked = 'a'.repeat(64);
const unlocked = 'b'.repeat(64);

describe('what is kept of packages, by the command', () => {
  let top: string;
  let said: string[];
  let restore: () => void;
  const consoles = { log: console.log, error: console.error };
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'cache-packages-'));
    restore = changeEnvironment({ IMAGE_FACTORY_CONFIG: undefined, HOME: top });
    said = [];
    console.log = console.error = (line: string) => void said.push(line);
    write('my.conf', `[DEFAULT]\ncache_dir = ${top}/cache\n[web]\nparent = file:/tree\n`);
    write('locks/web.json', `{"sha256":"${locked}"}`);
    for (const [path, days] of Object.entries(kept)) write(`cache/.packages/${path}`, 'text', days);
    // What a build borrowed last, and a running one has.
    write('cache/.packages/debian-13/lent/loan-1/tree.deb', 'text', 90);
    write('cache/.packages/debian-12/lent/file');
    setAge('cache/.packages/debian-12/lent', 50);
    write('cache/.packages/elements/apt-packages/lent/file');
  });
  afterEach(() => {
    Object.assign(console, consoles);
    restore();
    rmSync(top, { recursive: true });
  });

  /** What is kept, with its age in days. A list is as old as the mirror's. */
  const kept: Record<string, number> = {
    'debian-13/packages/new.deb': 1,
    'debian-13/packages/old.deb': 40,
    'debian-13/lists/mirror_Packages': 90,
    'debian-12/rpms/repository/packages/old.rpm': 60,
    'debian-12/rpms/repository/repodata/repomd.xml': 1,
    'elements/apt-packages/packages/element.deb': 1,
    'elements/source-repositories/own.deb': 90,
    [`pool/aa/${locked}.deb`]: 90,
    [`pool/bb/${unlocked}.deb`]: 2,
    'apt/root/lists/mirror_Packages': 90,
    'sums.json': 90,
  };
  const write = (path: string, text = '', days = 0) => {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text);
    setAge(path, days);
  };
  const setAge = (path: string, days: number) => {
    const time = Date.now() / 1000 - days * 86_400;
    utimesSync(join(top, path), time, time);
  };
  const gone = () => Object.keys(kept).filter((path) => !existsSync(join(top, 'cache/.packages', path)));
  const config = () => join(top, 'my.conf');
  const clean = (flags: object = {}) => cache('clean', [], { config: config(), packages: true, ...flags });

  it('is listed for people and for programs', async () => {
    await cache('list', [], { config: config(), packages: true });
    const place = join(top, 'cache/.packages');
    const shown = said.map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, 'TIME').split(/ {2,}/));
    expect(shown).to.deep.equal([
      ['debian-12', '2 files', '8 B', 'TIME', '-', `${place}/debian-12`],
      ['debian-13', '3 files', '12 B', 'TIME', '-', `${place}/debian-13`],
      ['apt-packages', '1 file', '4 B', 'TIME', '-', `${place}/elements/apt-packages`],
      ['pool', '2 files', '8 B', 'TIME', '1 file, 4 B in no lock', `${place}/pool`],
      ['indexes', '1 file', '4 B', '-', '-', place],
      ['9 files, 36 B'],
    ]);
    said.length = 0;
    await cache('list', [], { config: config(), packages: true, json: true });
    const pool = { kind: 'pool', directory: `${place}/pool`, files: 2, bytes: 8, unlocked: { files: 1, bytes: 4 } };
    expect((JSON.parse(said.join('\n')) as object[])[3]).to.deep.include(pool);
  });

  it('is cleaned of what can be had again, once it is asked for in earnest', async () => {
    await clean({ dryRun: true });
    expect(said.at(-1)).to.equal('would free: 7 files, 28 B');
    expect(gone()).to.deep.equal([]);
    await clean();
    expect(said.at(-1)).to.equal('freed: 7 files, 28 B');
    expect(gone()).to.deep.equal([
      ...Object.keys(kept).filter((path) => /^debian|element\.deb$/.test(path)),
      `pool/bb/${unlocked}.deb`,
    ]);
    expect(existsSync(join(top, 'cache/.packages/debian-13/lent/loan-1/tree.deb'))).to.equal(true);
  });

  it('is cleaned of what is old: lists and metadata where no build has used them since', async () => {
    await clean({ olderThan: '30d' });
    expect(gone()).to.deep.equal([
      'debian-13/packages/old.deb',
      'debian-12/rpms/repository/packages/old.rpm',
      'debian-12/rpms/repository/repodata/repomd.xml',
    ]);
  });

  it('keeps of the pool what a build may be about to use', async () => {
    setAge(`cache/.packages/pool/bb/${unlocked}.deb`, 0.5);
    await clean();
    expect(gone()).not.to.include(`pool/bb/${unlocked}.deb`);
    await clean({ olderThan: '1h' });
    expect(gone()).to.include(`pool/bb/${unlocked}.deb`);
  });

  it('keeps the pool where nothing says which locks are those of its packages', async () => {
    await cache('clean', [], { cacheDir: join(top, 'cache'), packages: true });
    expect(gone()).not.to.include(`pool/bb/${unlocked}.deb`);
    expect(said.join('\n')).to.contain('pool is left as it is: no configuration says which of its packages are locked');
    // A configuration of this user's that has nothing to do with the directory.
    write('.config/image-factory.conf', '[other]\nparent = file:/tree\n');
    await cache('clean', [], { cacheDir: join(top, 'cache'), packages: true });
    expect(gone()).not.to.include(`pool/bb/${unlocked}.deb`);
    await clean({ cacheDir: join(top, 'cache') });
    expect(gone()).to.include(`pool/bb/${unlocked}.deb`);
  });

  it('is not kept by image', async () => {
    expect(String(await rejection(cache('clean', ['web'], { config: config(), packages: true })))).to.contain(
      '--packages: packages are not kept by image: leave web out',
    );
  });
});
