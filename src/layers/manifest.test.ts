import { chmodSync, linkSync, lutimesSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { program } from '../../test/support/disk.js';
import { rejection, testHost } from '../../test/support/host.js';
import { differences } from './manifest-differences.js';
import { contentOf, manifestOf, readManifest, writeManifest } from './manifest.js';
import { comparePaths, entryOf, lineOf, readable, type TreeEntry } from './tree-entry.js';

const isRoot = process.getuid?.() === 0;

/** Marks a test that makes what only root can make. */
function asRoot(this: Mocha.Context): void {
  if (isRoot) return;
  console.log('      skipped: it makes devices and trusted attributes; run it as root');
  this.skip();
}

describe('the manifest of a tree', () => {
  let scratch: string;
  let tree: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'manifest-'));
    tree = join(scratch, 'tree');
    mkdirSync(tree);
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  const at = (path: string) => join(tree, path);
  const host = testHost();

  /** What a change of the tree is called by {@link differences}. */
  async function differenceOf(change: () => void): Promise<string[]> {
    const file = join(scratch, 'manifest');
    const before = await writeManifest(host, tree, file);
    change();
    const found: string[] = [];
    for await (const difference of differences(readManifest(file), manifestOf(host, tree))) {
      const { kind, path } = difference;
      const changes = kind === 'changed' ? `: ${difference.changes.map(({ keyword }) => keyword).join(' ')}` : '';
      found.push(`${kind} ${readable(path)}${changes}`);
    }
    expect((await contentOf(host, tree)).id === before.id).to.equal(found.length === 0);
    return found;
  }

  it('lists every entry below its directory, names sorted by their bytes', async () => {
    for (const directory of ['a', 'a-b', 'a/c']) mkdirSync(at(directory));
    for (const file of ['a/b', 'a/c/d', 'a0', 'Z', 'é']) writeFileSync(at(file), file);
    const file = join(scratch, 'manifest');
    const { entries, size, id } = await writeManifest(host, tree, file);
    const paths: string[] = [];
    for await (const { path } of readManifest(file)) paths.push(readable(path));
    expect(paths).to.deep.equal(['', 'Z', 'a', 'a/b', 'a/c', 'a/c/d', 'a-b', 'a0', 'é']);
    expect(paths.map((path) => Buffer.from(path).toString('latin1'))).to.deep.equal(
      paths.map((path) => Buffer.from(path).toString('latin1')).sort(comparePaths),
    );
    expect({ entries, size }).to.deep.equal({ entries: 9, size: 3 + 5 + 2 + 1 + 2 });
    // The id is what sha256sum says of the file.
    expect(program('sha256sum', [file]).split(' ')[0]).to.equal(id);
  });

  it('is in the notation of mtree(5), and names in it are ASCII whatever bytes they have', async () => {
    const name = Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0x20, 0x0a, 0x0d, 0x5c, 0x23, 0x3d])]);
    writeFileSync(name, 'x');
    chmodSync(name, 0o640);
    symlinkSync('a b\n', at('link'));
    const lines: string[] = [];
    for await (const entry of manifestOf(host, tree)) lines.push(lineOf(entry));
    const owner = `uid=${process.getuid?.()} gid=${process.getgid?.()}`;
    const digest = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
    expect(lines.slice(1)).to.deep.equal([
      `./link type=link ${owner} link=a\\040b\\012`,
      `./\\377\\040\\012\\015\\134\\043\\075 type=file mode=0640 ${owner} size=1 sha256digest=${digest}`,
    ]);
  });

  it('reads back what it wrote', () => {
    const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 0x2f);
    const name = fc.array(byte, { minLength: 1, maxLength: 20 }).map((bytes) => String.fromCharCode(...bytes));
    const attributes = fc.dictionary(
      name,
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      { minKeys: 1, maxKeys: 3 },
    );
    fc.assert(
      fc.property(name, name, attributes, fc.integer({ min: 0, max: 0o7777 }), (path, target, values, mode) => {
        const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
        const owner = { uid: 1, gid: 4294967294 };
        const entries: TreeEntry[] = [
          { path, type: 'dir', mode, owner, opaque: true, attributes: new Map(sorted) },
          { path, type: 'link', owner, target },
          { path, type: 'char', mode, owner, device: { major: 4095, minor: 1048575 } },
          { path, type: 'file', mode, owner, size: 0, digest: 'ab', hardLink: target },
          { path, type: 'whiteout' },
        ];
        for (const entry of entries) expect(entryOf(lineOf(entry))).to.deep.equal(entry);
      }),
    );
  });

  it('says nothing of times: the same files unpacked twice have the same content', async () => {
    writeFileSync(at('file'), 'x');
    expect(await differenceOf(() => lutimesSync(at('file'), 1, 1))).to.deep.equal([]);
    const copy = join(scratch, 'copy');
    program('cp', ['-r', tree, copy]);
    expect((await contentOf(host, copy)).id).to.equal((await contentOf(host, tree)).id);
  });

  it('names each entry that differs, and in what', async () => {
    mkdirSync(at('etc'));
    for (const file of ['etc/content', 'etc/grown', 'etc/mode', 'etc/gone', 'etc/became', 'etc/attribute'])
      writeFileSync(at(file), 'one');
    symlinkSync('there', at('etc/link'));
    const found = await differenceOf(() => {
      writeFileSync(at('etc/content'), 'two');
      writeFileSync(at('etc/grown'), 'three');
      chmodSync(at('etc/mode'), 0o4755);
      rmSync(at('etc/gone'));
      rmSync(at('etc/became'));
      mkdirSync(at('etc/became'), 0o755);
      rmSync(at('etc/link'));
      symlinkSync('elsewhere', at('etc/link'));
      writeFileSync(at('etc/new'), '');
      program('setfattr', ['-n', 'user.note', '-v', 'x', at('etc/attribute')]);
    });
    expect(found).to.deep.equal([
      'changed etc/attribute: xattr.user.note',
      'changed etc/became: type mode size sha256digest',
      'changed etc/content: sha256digest',
      'removed etc/gone',
      'changed etc/grown: size sha256digest',
      'changed etc/link: link',
      'changed etc/mode: mode',
      'added etc/new',
    ]);
  });

  it('tells hard links from copies, and counts their content once', async () => {
    writeFileSync(at('a'), 'same');
    linkSync(at('a'), at('b'));
    const { size, space } = await contentOf(host, tree);
    expect(size).to.equal(4);
    expect(space).to.equal(Number(program('du', ['-s', '--block-size=1', tree]).split('\t')[0]));
    const found = await differenceOf(() => {
      rmSync(at('b'));
      writeFileSync(at('b'), 'same');
    });
    expect(found).to.deep.equal(['changed b: hardlink']);
    // A name outside the tree is not a part of it.
    expect(await differenceOf(() => linkSync(at('a'), join(scratch, 'outside')))).to.deep.equal([]);
  });

  it('hashes small and large files alike, many at the same time', async () => {
    const sizes = [0, 1, 32 * 1024, 32 * 1024 + 1, 4 * 2 ** 20 - 1, 4 * 2 ** 20, 4 * 2 ** 20 + 1, 9 * 2 ** 20];
    const files = sizes.map((size) => `of-${size}`);
    for (const [index, size] of sizes.entries()) writeFileSync(at(files[index]!), Buffer.alloc(size, index + 1));
    for (let index = 0; index < 5000; index++) writeFileSync(at(`small-${index}`), String(index));
    const sums = new Map(
      program('sha256sum', files.map(at))
        .trim()
        .split('\n')
        .map((line) => [line.slice(66), line.slice(0, 64)]),
    );
    for await (const { path, digest } of manifestOf(host, tree))
      if (sums.has(at(path))) expect(digest, path).to.equal(sums.get(at(path)));
  });

  it('has capabilities, access control lists, owners and devices', async function () {
    asRoot.call(this);
    for (const file of ['ping', 'shared', 'owned', 'huge-ids']) writeFileSync(at(file), '');
    program('mknod', [at('disk'), 'b', '259', '300000']);
    const found = await differenceOf(() => {
      program('setcap', ['cap_net_raw+ep', at('ping')]);
      program('setfacl', ['-m', 'u:1234:rw', at('shared')]);
      program('chown', ['7:8', at('owned')]);
      program('chown', ['-h', '4294967294:4294967294', at('huge-ids')]);
      rmSync(at('disk'));
      program('mknod', [at('disk'), 'b', '259', '300001']);
    });
    expect(found).to.deep.equal([
      'changed disk: device',
      'changed huge-ids: uid gid',
      'changed owned: uid gid',
      'changed ping: xattr.security.capability',
      'changed shared: mode xattr.system.posix_acl_access',
    ]);
    const disk: TreeEntry[] = [];
    for await (const entry of manifestOf(host, tree)) if (entry.path === 'disk') disk.push(entry);
    expect(disk[0]?.device).to.deep.equal({ major: 259, minor: 300001 });
  });

  it('has whiteouts and opaque directories, the same in every notation that overlayfs has for them', async function () {
    asRoot.call(this);
    const mark = (path: string, name: string, value = '') => program('setfattr', ['-n', name, '-v', value, path]);
    const notations = ['device', 'trusted', 'user'].map((notation) => {
      const root = join(scratch, notation);
      for (const directory of ['', 'opaque', 'plain']) mkdirSync(join(root, directory));
      const gone = join(root, 'plain/gone');
      if (notation === 'device') program('mknod', [gone, 'c', '0', '0']);
      else {
        writeFileSync(gone, '');
        mark(gone, `${notation}.overlay.whiteout`);
        mark(join(root, 'plain'), `${notation}.overlay.opaque`, 'x');
      }
      mark(join(root, 'opaque'), `${notation === 'device' ? 'trusted' : notation}.overlay.opaque`, 'y');
      mark(join(root, 'plain'), 'trusted.overlay.origin', 'anything');
      return root;
    });
    const ids = await Promise.all(notations.map(async (root) => (await contentOf(host, root)).id));
    expect(new Set(ids).size).to.equal(1);
    const lines: string[] = [];
    for await (const entry of manifestOf(host, notations[2]!)) lines.push(lineOf(entry));
    expect(lines[1]).to.equal('./opaque type=dir mode=0755 uid=0 gid=0 opaque=yes');
    expect(lines[3]).to.equal('./plain/gone type=whiteout');
  });

  it('has the whiteouts that overlayfs itself makes, each alone', async function () {
    asRoot.call(this);
    for (const name of ['lower', 'work', 'merged']) mkdirSync(join(scratch, name));
    for (const name of ['one', 'two', 'three']) writeFileSync(join(scratch, 'lower', name), '');
    mkdirSync(join(scratch, 'lower/directory'));
    const layers = `lowerdir=${join(scratch, 'lower')},upperdir=${tree},workdir=${join(scratch, 'work')}`;
    const change = 'cd "$2" && rm one two && rm -r directory && mkdir directory && touch directory/new';
    // In a mount namespace of its own: nothing is left mounted.
    const script = `mount -t overlay -o "$1" overlay "$2" && ${change}`;
    program('unshare', ['--mount', 'sh', '-ec', script, 'sh', layers, join(scratch, 'merged')]);
    const lines: string[] = [];
    for await (const entry of manifestOf(host, tree)) lines.push(lineOf(entry).split(' sha256')[0]!);
    expect(lines.slice(1)).to.deep.equal([
      './directory type=dir mode=0755 uid=0 gid=0 opaque=yes',
      './directory/new type=file mode=0644 uid=0 gid=0 size=0',
      './one type=whiteout',
      './two type=whiteout',
    ]);
  });

  it('names the entry that it may not read', async function () {
    if (isRoot) {
      console.log('      skipped: root may read everything; run it as a normal user');
      this.skip();
    }
    writeFileSync(at('secret'), 'x', { mode: 0 });
    expect(String(await rejection(contentOf(host, tree)))).to.match(/secret: permission denied/);
  });

  it('stops when the command is interrupted', async () => {
    for (let index = 0; index < 50; index++) writeFileSync(at(`file-${index}`), 'x');
    const stop = new AbortController();
    const reading = contentOf(testHost(stop.signal), tree);
    stop.abort(new Error('stopped by the test'));
    expect(String(await rejection(reading))).to.contain('stopped by the test');
  });
});
