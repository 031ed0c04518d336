import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { addApt } from '../support/apt-in-tree.js';
import { DebArchive } from '../support/deb-archive.js';
import { DerivedImages } from '../support/derived-images.js';
import { fileMirror, type FileMirror } from '../support/mirror.js';
import { needNamespaces } from '../support/namespaces.js';

const configuration = `[DEFAULT]
output-dir = out
boot-test = off
format = raw
compression = none
[web]
parent = file:tree
packages = server
run = web.sh
`;

describe('images of a tree that has apt', () => {
  let archive: DebArchive;
  let mirror: FileMirror;
  let images: DerivedImages;
  before(needNamespaces);
  before(async () => {
    archive = await DebArchive.make();
    mirror = await fileMirror();
    images = new DerivedImages(configuration);
    const tree = join(images.directory, 'tree');
    addApt(tree);
    const write = (path: string, text: string | Buffer) => {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    };
    write('etc/os-release', 'ID=debian\nVERSION_ID=13\nNAME="Debian"\n');
    write('etc/apt/sources.list', `deb [signed-by=/etc/apt/key.asc] ${mirror.url} stable main\n`);
    write('etc/apt/key.asc', readFileSync(archive.keyring));
    // As container images have it.
    const settings = [
      'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };',
      'Acquire::GzipIndexes "true";',
      'Dir::Cache::pkgcache "";',
    ];
    write('etc/apt/apt.conf.d/docker-clean', settings.join('\n'));
  });
  beforeEach(async () => {
    rmSync(join(images.directory, 'cache'), { recursive: true, force: true });
    await archive.publish('stable', [{ name: 'server', fields: ['Depends: library'] }, { name: 'library' }]);
    serve();
  });
  after(async () => {
    images.remove();
    await mirror.close();
    await archive.remove();
  });

  it('share the packages and lists that were downloaded', async () => {
    expect(await build('one')).to.have.members(['Packages', 'library', 'server']);
    expect(await build('two')).to.deep.equal([]);
  });

  it('get what the mirror has changed', async () => {
    await build('three');
    const old = addSuperseded();
    const changed = [
      { name: 'server', fields: ['Depends: library'] },
      { name: 'library', version: '2.0' },
    ];
    await archive.publish('stable', changed, 'Fri, 27 Nov 2026 12:00:00 UTC');
    serve();
    expect(await build('four')).to.have.members(['Packages', 'library']);
    expect(existsSync(old)).to.equal(false);
  });

  it('take nothing from the cache that has been changed there', async () => {
    await build('five');
    for (const path of cached()) {
      const { atime, mtime } = statSync(path);
      // Of the same size, and as old.
      if (path.endsWith('.deb')) writeFileSync(path, Buffer.alloc(statSync(path).size));
      else if (path.endsWith('_Packages')) appendFileSync(path, '\n');
      utimesSync(path, atime, mtime);
    }
    expect(await build('six')).to.have.members(['Packages', 'library', 'server']);
  });

  it('do without lists that made a build fail', async () => {
    await build('seven');
    for (const path of cached().filter((name) => name.endsWith('_InRelease'))) {
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace('Origin: Test', 'Origin: Fake'));
    }
    // The mirror says that what the tree has is the newest.
    mirror.files.set(
      '/dists/stable/InRelease',
      readFileSync(cached().find((name) => name.endsWith('_InRelease')) ?? ''),
    );
    images.write('web.sh', '# fails\n');
    const { exitCode, all } = await images.build('web');
    expect(exitCode, all).to.equal(1);
    expect(all).to.match(/signature/);
    serve();
    expect(await build('eight')).to.include('Packages');
  });

  it('are built where nothing can be kept, which is told in one line', async () => {
    await build('nine');
    const [kind = ''] = readdirSync(join(images.directory, 'cache/.packages'));
    const lists = join(images.directory, 'cache/.packages', kind, 'lists');
    rmSync(lists, { recursive: true });
    writeFileSync(lists, '');
    images.write('web.sh', '# ten\n');
    const { exitCode, all } = await images.build('web');
    expect(exitCode, all).to.equal(0);
    expect(all.match(/WARNING: What was downloaded is not kept in .*/g)).to.deep.equal([
      `WARNING: What was downloaded is not kept in ${dirname(lists)} for other builds: a file of that name is there already`,
    ]);
    images.expectNothingLeft();
    rmSync(lists);
  });

  /** Builds the image with a script of its own. @returns the packages and lists that were fetched */
  async function build(script: string): Promise<string[]> {
    images.write('web.sh', `#!/bin/sh\n# ${script}\ncat /usr/share/library/content\n`);
    mirror.answers();
    const { exitCode, all } = await images.build('web');
    expect(exitCode, all).to.equal(0);
    images.expectNothingLeft();
    return mirror.answers().flatMap((answer) => /^200 \/(?:.*\/)?(Packages|\w+(?=_.*\.deb$))/.exec(answer)?.[1] ?? []);
  }

  function serve(): void {
    for (const path of readdirSync(archive.directory, { recursive: true, encoding: 'utf8' })) {
      const file = join(archive.directory, path);
      if (statSync(file).isFile()) mirror.files.set(`/${path}`, readFileSync(file));
    }
  }

  /** Adds a package to the cache that no list has, as if all there had been kept the day before yesterday. */
  function addSuperseded(): string {
    const kept = dirname(cached().find((name) => name.endsWith('.deb')) ?? '');
    const old = join(kept, 'library_0.9_all.deb');
    writeFileSync(old, 'old');
    const time = Date.now() / 1000 - 48 * 3600;
    for (const path of [old, join(kept, '../lists')]) utimesSync(path, time, time);
    return old;
  }

  /** Files of packages and lists. */
  function cached(): string[] {
    const cache = join(images.directory, 'cache/.packages');
    const paths = readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /(?:\.deb|_\w+)$/.test(path),
    );
    expect(paths).to.have.length(4);
    return paths.map((path) => join(cache, path));
  }
});
