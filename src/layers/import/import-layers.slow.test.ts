import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { program } from '../../../test/support/disk.js';
import { rejection, testHost } from '../../../test/support/host.js';
import { tarMember, tarOf, type Member } from '../../../test/support/tar-bytes.js';
import { Failure } from '../../host/failure.js';
import { chainOf, findLayer, newLayer, type Layer } from '../layers.js';
import { contentOf, manifestOf } from '../manifest.js';
import { openStore, type Store } from '../store.js';
import { lineOf } from '../tree-entry.js';
import { usualLimits, type ArchiveLimits } from './archive-limits.js';
import { importLayers } from './import-layers.js';
import { recognise } from './recognise.js';

const isRoot = process.getuid?.() === 0;

describe('layer import', function () {
  before(function () {
    if (isRoot) return;
    console.log(
      '      skipped: it makes files of all owners; run it as root (test/integration/layer-import.test.ts runs as a normal user)',
    );
    this.skip();
  });

  let scratch: string;
  let store: Store;
  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'layer-import-'));
    store = await openStore(testHost(), join(scratch, 'store'));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  const at = (name: string) => join(scratch, name);

  function file(name: string, content: string | Buffer): string {
    writeFileSync(at(name), content);
    return at(name);
  }

  async function bring(
    name: string,
    source: string,
    options: { parent?: string; limits?: ArchiveLimits } = {},
  ): Promise<Layer[]> {
    const layers = await importLayers(store, {
      name,
      source: await recognise(store.host, source),
      limits: usualLimits,
      copySystem: () => Promise.reject(new Error('no disk was expected')),
      ...options,
    });
    // Whatever was known of the content before, it is what lies on the disk.
    for (const { tree, contentId } of layers) expect((await contentOf(store.host, tree)).id).to.equal(contentId);
    return layers;
  }

  /** The lines of a layer's manifest, without its root. */
  async function manifest(name: string): Promise<string[]> {
    const lines: string[] = [];
    for await (const entry of manifestOf(store.host, (await findLayer(store, name)).tree)) lines.push(lineOf(entry));
    return lines.slice(1);
  }

  /** A tree with everything that an archive can hold. */
  function makeTree(): string {
    const tree = at('tree');
    mkdirSync(join(tree, 'usr/bin'), { recursive: true });
    const put = (path: string, content = path) => writeFileSync(join(tree, path), content);
    put('usr/bin/ping');
    put('usr/bin/long');
    put('usr/shared');
    put('usr/owned');
    put('n'.repeat(255));
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0x0a, 0x5c, 0x22, 0x20])]), 'any bytes');
    put(' -> arrow');
    symlinkSync('../there -> "here"', join(tree, 'usr/link'));
    symlinkSync('/etc/passwd', join(tree, 'usr/away'));
    program('setcap', ['cap_net_raw+ep', join(tree, 'usr/bin/ping')]);
    program('setfacl', ['-m', 'u:1234:rw,g:5:r', join(tree, 'usr/shared')]);
    program('setfacl', ['-d', '-m', 'u:1234:rwx', join(tree, 'usr/bin')]);
    program('setfattr', ['-n', 'user.note', '-v', 'a\nb', join(tree, 'usr/shared')]);
    program('chown', ['70000:4294967294', join(tree, 'usr/owned')]);
    program('chmod', ['6755', join(tree, 'usr/bin/long')]);
    program('ln', [join(tree, 'usr/owned'), join(tree, 'again')]);
    program('mknod', [join(tree, 'null'), 'c', '1', '3']);
    program('mkfifo', [join(tree, 'fifo')]);
    program('truncate', ['-s', '5M', join(tree, 'sparse')]);
    program('chmod', ['0500', join(tree, 'usr')]);
    return tree;
  }

  it('brings every kind of entry with all that belongs to it, from a directory and from each kind of archive', async () => {
    const tree = makeTree();
    const { id } = await contentOf(store.host, tree);
    const pack = ['--xattrs', '--xattrs-include=*', '--acls', '--format=posix', '--sort=name', '-C', tree, '-cf'];
    program('tar', [...pack, at('plain.tar'), '.']);
    program('tar', ['--sparse', ...pack, at('sparse.tar'), '.']);
    program('tar', ['--acls', '--format=posix', '-C', tree, '-cf', at('lists.tar'), './usr/shared', './usr/bin']);
    const old = ['--sparse', '--format=gnu', '-C', tree, '-cf'];
    program('tar', [...old, at('gnu.tar'), './sparse']);
    const plain = readFileSync(at('plain.tar'));
    file('a.gz', gzipSync(plain));
    for (const [name, compress] of [
      ['a.xz', ['xz', '-0', '-c']],
      ['a.zst', ['zstd', '-q', '-c']],
    ] as const) {
      file(name, execFileSync(compress[0], compress.slice(1), { input: plain, maxBuffer: 2 ** 28 }));
    }
    for (const source of [tree, at('plain.tar'), at('sparse.tar'), at('a.gz'), at('a.xz'), at('a.zst')]) {
      const name = source.replace(/^.*\//, '');
      const [layer] = await bring(name, source);
      expect(layer?.contentId, name).to.equal(id);
      expect((await contentOf(store.host, layer!.tree)).id, name).to.equal(id);
    }
    await bring('lists', at('lists.tar'));
    expect((await manifest('lists')).filter((line) => line.includes('posix_acl'))).to.have.length(2);
    await bring('gnu', at('gnu.tar'));
    expect((await manifest('gnu')).map((line) => line.split(' ')[5])).to.deep.equal(['size=5242880']);
    expect(readdirSync(join(store.directory, 'staging'))).to.deep.equal([]);
  });

  it('recognises what a source is by its content, and says what it takes', async () => {
    expect(await recognise(store.host, file('x', tarOf({ name: 'etc/hosts' })))).to.include({ kind: 'archive' });
    expect(await recognise(store.host, file('y', tarOf({ name: 'oci-layout' })))).to.include({ kind: 'image archive' });
    expect(await recognise(store.host, scratch)).to.include({ kind: 'directory' });
    for (const [source, problem] of [
      [at('missing'), /there is no such file/],
      [file('text', 'hello'), /is no archive, container image or disk/],
      [file('empty', ''), /is empty/],
      [`${at('x')}:v1`, /is no container image/],
    ] as const) {
      expect(String(await rejection(recognise(store.host, source)))).to.match(problem);
    }
  });

  it('understands whiteouts and opaque marks of OCI layers', async () => {
    await bring(
      'base',
      file(
        'base.tar',
        tarOf({ name: 'etc/', type: '5', mode: 0o700, uid: 7, gid: 8 }, { name: 'etc/gone' }, { name: 'etc/kept' }),
      ),
    );
    await bring(
      'top',
      file(
        'top.tar',
        tarOf(
          { name: 'etc/.wh.gone' },
          { name: 'etc/.wh.never' },
          { name: 'var/', type: '5' },
          { name: 'var/.wh..wh..opq' },
          { name: '.wh.opt' },
          { name: 'opt/', type: '5' },
          { name: '.wh.srv' },
          { name: 'srv' },
          { name: '.wh..wh.plnk/', type: '5' },
          { name: '.wh..wh.plnk/1.2' },
        ),
      ),
      { parent: 'base' },
    );
    const empty = 'size=0 sha256digest=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect(await manifest('top')).to.deep.equal([
      // Not in the archive itself: it is as in the layer below.
      './etc type=dir mode=0700 uid=7 gid=8',
      './etc/gone type=whiteout',
      './etc/never type=whiteout',
      './opt type=dir mode=0755 uid=0 gid=0 opaque=yes',
      `./srv type=file mode=0644 uid=0 gid=0 ${empty}`,
      './var type=dir mode=0755 uid=0 gid=0 opaque=yes',
    ]);
    // overlayfs sees it so, too.
    const [top, base] = await chainOf(store, 'top');
    mkdirSync(at('merged'));
    const script = 'mount -t overlay -o "lowerdir=$1:$2" overlay "$3" && ls -A "$3/etc" "$3/opt"';
    const seen = program('unshare', ['--mount', 'sh', '-ec', script, 'sh', top!.tree, base!.tree, at('merged')]);
    expect(seen).to.equal(`${at('merged')}/etc:\nkept\n\n${at('merged')}/opt:\n`);
    // The time of a directory is not that of the import.
    expect(lstatSync(join(top!.tree, 'var')).mtimeMs).to.equal(1_700_000_000_000);
  });

  it('turns the marks of overlayfs in an archive into those of the store, and drops those that lead elsewhere', async () => {
    const pax = (name: string, value: string) => ({ [`SCHILY.xattr.${name}`]: value });
    await bring(
      'marks',
      file(
        'marks.tar',
        tarOf(
          { name: 'opaque/', type: '5', pax: pax('user.overlay.opaque', 'y') },
          { name: 'redirected/', type: '5', pax: pax('trusted.overlay.redirect', '/etc') },
          { name: 'meta', pax: { ...pax('trusted.overlay.metacopy', ''), ...pax('user.kept', 'x') } },
          { name: 'gone', type: '3' },
          { name: 'gone-too', pax: pax('user.overlay.whiteout', 'y') },
        ),
      ),
    );
    expect((await manifest('marks')).map((line) => line.replace(/ size=.*? xattr/, ' xattr'))).to.deep.equal([
      './gone type=whiteout',
      './gone-too type=whiteout',
      './meta type=file mode=0644 uid=0 gid=0 xattr.user.kept=eA==',
      './opaque type=dir mode=0755 uid=0 gid=0 opaque=yes',
      './redirected type=dir mode=0755 uid=0 gid=0',
    ]);
    const { tree } = await findLayer(store, 'marks');
    expect(program('getfattr', ['-R', '-h', '--absolute-names', '-d', '-m', 'overlay', tree])).to.match(
      /^# file: \S+opaque\ntrusted\.overlay\.opaque="y"\n\n$/,
    );
  });

  describe('of a hostile archive', () => {
    const outside = () => at('outside');
    beforeEach(() => writeFileSync(outside(), 'untouched', { mode: 0o600 }));

    const cases: readonly (readonly [string, (outside: string) => readonly Member[], RegExp])[] = [
      [
        'a path that leaves',
        () => [{ name: '../../outside', content: 'x' }],
        /outside: a path with '\.\.' would leave the tree/,
      ],
      ['.. inside a path', () => [{ name: 'a/', type: '5' }, { name: 'a/../../../outside' }], /would leave the tree/],
      [
        'an absolute path',
        (path) => [{ name: path, content: 'x' }],
        /entry \S+\/outside: an absolute path would leave the tree/,
      ],
      ['.. in a PAX header', () => [{ name: 'good', pax: { path: '../outside' } }], /would leave the tree/],
      [
        '.. in a GNU long name',
        () => [{ name: '././@LongLink', type: 'L', content: `${'../'.repeat(60)}outside\0` }, { name: 'good' }],
        /would leave the tree/,
      ],
      [
        'a file through a symbolic link',
        (path) => [
          { name: 'a', type: '2', target: join(path, '..') },
          { name: 'a/outside', content: 'x' },
        ],
        /a\/outside: its path goes through the symbolic link a/,
      ],
      [
        'a file through a link to its own directory',
        () => [{ name: 'a', type: '2', target: '.' }, { name: 'a/b' }],
        /goes through the symbolic link a/,
      ],
      [
        'a whiteout through a symbolic link',
        () => [{ name: 'a', type: '2', target: '../../..' }, { name: 'a/.wh.outside' }],
        /goes through the symbolic link a/,
      ],
      [
        'a link that becomes a directory of its children',
        () => [{ name: 'a/b' }, { name: 'a', type: '2', target: '/' }],
        /entry a: it is in the archive twice/,
      ],
      [
        'a hard link to outside',
        (path) => [{ name: 'a', type: '1', target: path }],
        /would leave the tree|not in the archive before it/,
      ],
      [
        'a hard link with ..',
        () => [{ name: 'a', type: '1', target: '../../../outside' }],
        /would leave the tree|not in the archive before it/,
      ],
      [
        'a hard link through a symbolic link',
        (path) => [
          { name: 's', type: '2', target: join(path, '..') },
          { name: 'a', type: '1', target: 's/outside' },
        ],
        /not in the archive before it/,
      ],
      [
        'the same file twice',
        () => [{ name: 'a' }, { name: './a', content: 'x' }],
        /entry \.\/a: it is in the archive twice/,
      ],
      ['a file below a file', () => [{ name: 'a' }, { name: 'a/b' }], /entry a\/b: a is no directory/],
      [
        'a root that is no directory',
        () => [{ name: '.', type: '2', target: '/' }],
        /the root of a tree is a directory|Cannot/,
      ],
      ['a whiteout of the root', () => [{ name: '.wh..' }], /hides no name in the root of the tree/],
      ['a whiteout of what is above', () => [{ name: 'a/.wh...' }], /hides no name in a/],
      ['a whiteout of nothing', () => [{ name: '.wh.' }], /hides no name in the root/],
      [
        'a whiteout that is a link',
        () => [{ name: '.wh.a', type: '2', target: '/etc' }],
        /a whiteout is an empty file/,
      ],
      ['a name of 256 bytes', () => [{ name: 'x', pax: { path: 'n'.repeat(256) } }], /File name too long/],
      ['a path that is too long', () => [{ name: 'x', pax: { path: `${'d/'.repeat(4000)}x` } }], /name too long/],
      [
        'an entry of an unknown kind',
        () => [{ name: 'a', type: 'D', content: 'Yb\0\0' }, { name: 'a/b' }, { name: 'v', type: 'V' }],
        /not a file, directory, link or device|Cannot/,
      ],
    ];
    for (const [what, members, problem] of cases) {
      it(`refuses ${what}, and leaves nothing`, async () => {
        const source = file('hostile.tar', tarOf({ name: 'honest' }, ...members(outside())));
        const error = await rejection(bring('hostile', source));
        expect(error).to.be.instanceOf(Failure);
        expect((error as Failure).message)
          .to.match(problem)
          .and.to.contain('hostile.tar');
        expect(readFileSync(outside(), 'utf8')).to.equal('untouched');
        expect(lstatSync(outside()).mode & 0o777).to.equal(0o600);
        expect(readdirSync(scratch).sort()).to.deep.equal(['hostile.tar', 'outside', 'store']);
        for (const area of ['layers', 'staging', 'trash'])
          expect(readdirSync(join(store.directory, area)), area).to.deep.equal([]);
      });
    }

    it('refuses a mark that hides all layers below', async () => {
      await bring('base', file('base.tar', tarOf({ name: 'a' })));
      const source = file('opaque.tar', tarOf({ name: '.wh..wh..opq' }));
      expect(String(await rejection(bring('opaque', source, { parent: 'base' })))).to.match(
        /hides the whole of the layers below/,
      );
    });

    it('stops at the limit of entries, long before the archive ends', async () => {
      const many = Buffer.concat(Array.from({ length: 3000 }, (_, index) => tarMember({ name: `f${index}` })));
      const limits = { ...usualLimits, entries: 1000 };
      const error = await rejection(bring('many', file('many.tar', many), { limits }));
      expect((error as Failure).message).to.match(/many\.tar: more than 1000 entries/);
      expect((error as Failure).hint).to.match(/--max-entries/);
    });

    it('stops at the limit of bytes, whether they are there or only declared', async () => {
      const limits = { ...usualLimits, size: 2 ** 20 };
      const large = file('large.tar', tarOf({ name: 'a', content: Buffer.alloc(2 ** 20 + 1) }));
      expect(String(await rejection(bring('large', large, { limits })))).to.match(/more than 1048576 bytes/);
      // A file of 4 EiB without one block.
      const sparse = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'huge' };
      const pax = { ...sparse, 'GNU.sparse.realsize': String(2n ** 62n) };
      file('huge.tar', tarOf({ name: 'GNUSparseFile/huge', content: '0\n'.padEnd(512, '\0'), pax }));
      expect(String(await rejection(bring('huge', at('huge.tar'))))).to.match(/huge\.tar: more than 68719476736 bytes/);
    });

    it('stops a bomb when it has become 256 MiB, or a file larger than what is allowed', async () => {
      const zeros = execFileSync('sh', ['-c', 'head -c 2000000000 /dev/zero | zstd -q -c'], { maxBuffer: 2 ** 28 });
      expect(zeros.length).to.be.lessThan(1_000_000);
      const started = tarMember({ name: 'zeros', size: 2_000_000_000 }).subarray(0, 512);
      const head = execFileSync('zstd', ['-q', '-c'], { input: started });
      const error = await rejection(bring('bomb', file('bomb.tar.zst', Buffer.concat([head, zeros]))));
      expect(String(error)).to.match(/bomb\.tar\.zst: more than 250 times its compressed size/);
      expect(existsSync(join(store.directory, 'layers/bomb'))).to.equal(false);
    });

    it('says what is wrong with a damaged one', async () => {
      const whole = tarOf({ name: 'a', content: Buffer.alloc(100_000, 'x') });
      for (const [name, content, problem] of [
        ['cut.tar', whole.subarray(0, 50_000), /cut\.tar can't be unpacked: Unexpected EOF/],
        ['cut.tar.gz', gzipSync(whole).subarray(0, 60), /can't be decompressed|can't be unpacked/],
        ['noise.tar', Buffer.concat([whole.subarray(0, 512), Buffer.alloc(200_000, 'noise')]), /can't be unpacked/],
      ] as const) {
        expect(String(await rejection(bring('damaged', file(name, content)))), name).to.match(problem);
      }
    });
  });

  it('refuses a directory that holds the store', async () => {
    await newLayer(store, { name: 'any' });
    expect(String(await rejection(bring('self', scratch)))).to.match(/the copy would contain itself/);
  });
});
