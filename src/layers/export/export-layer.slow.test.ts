import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { program } from '../../../test/support/disk.js';
import { rejection, testHost } from '../../../test/support/host.js';
import { Failure } from '../../host/failure.js';
import { usualLimits } from '../import/archive-limits.js';
import { importLayers } from '../import/import-layers.js';
import { recognise } from '../import/recognise.js';
import { addLayer, chainOf, newLayer } from '../layers.js';
import { contentOf } from '../manifest.js';
import { openStore, type Store } from '../store.js';
import { exportLayer, type Export } from './export-layer.js';

describe('layer export', function () {
  before(function () {
    if (process.getuid?.() === 0) return;
    console.log('      skipped: it makes files of all owners; run it as root');
    this.skip();
  });

  let scratch: string;
  let store: Store;
  let other: Store;
  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'layer-export-'));
    store = await openStore(testHost(), join(scratch, 'store'));
    other = await openStore(testHost(), join(scratch, 'other'));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  const at = (name: string) => join(scratch, name);

  async function write(name: string, file: string, more: Partial<Export> = {}, from = store): Promise<string> {
    const usual = { format: 'oci', compression: 'gzip', merged: undefined, epoch: undefined } as const;
    await exportLayer(from, { name, file: at(file), ...usual, ...more });
    return at(file);
  }

  async function bring(name: string, source: string, parent?: string): Promise<void> {
    await importLayers(other, {
      name,
      parent,
      source: await recognise(other.host, source),
      limits: usualLimits,
      copySystem: () => Promise.reject(new Error('no disk was expected')),
    });
  }

  const idsOf = async (from: Store, name: string) => (await chainOf(from, name)).map(({ contentId }) => contentId);

  /** A system of two layers that runs: the upper one removes, hides and adds. */
  async function makeLayers(): Promise<void> {
    await addLayer(store, {
      name: 'base',
      fill: (tree) => {
        for (const directory of ['usr/bin', 'etc/old', 'lib64', 'data'])
          mkdirSync(join(tree, directory), { recursive: true });
        symlinkSync('usr/bin', join(tree, 'bin'));
        const put = (path: string, content: string) => writeFileSync(join(tree, path), content);
        // busybox is not there: the machine's own shell, with what it needs.
        program('cp', ['--dereference', '--parents', '-t', tree, ...filesOf('/bin/dash'), ...filesOf('/usr/bin/cat')]);
        rmSync(join(tree, 'usr/bin/sh'), { force: true });
        symlinkSync('dash', join(tree, 'usr/bin/sh'));
        put('etc/hostname', 'base\n');
        put('etc/gone', 'x');
        put('etc/old/file', 'x');
        put('data/owned', 'owned');
        put('data/shared', 'shared');
        program('chown', ['-h', '70000:3000000', join(tree, 'data/owned')]);
        program('setfacl', ['-m', 'u:1234:rw', join(tree, 'data/shared')]);
        program('setfattr', ['-n', 'user.b', '-v', '1', join(tree, 'data/shared')]);
        program('setfattr', ['-n', 'user.a', '-v', '2', join(tree, 'data/shared')]);
        program('setcap', ['cap_net_raw+ep', join(tree, 'data/owned')]);
        program('ln', [join(tree, 'data/owned'), join(tree, 'data/again')]);
        program('mknod', [join(tree, 'data/null'), 'c', '1', '3']);
        program('mkfifo', [join(tree, 'data/fifo')]);
        put(`data/${'long-'.repeat(40)}`, 'a long name');
        writeFileSync(Buffer.concat([Buffer.from(`${tree}/data/`), Buffer.from([0xff, 0x0a, 0x22])]), 'bytes');
        symlinkSync('x'.repeat(300), join(tree, 'data/far'));
        utimesSync(join(tree, 'etc/hostname'), 1_600_000_000.75, 1_600_000_000.75);
        return Promise.resolve();
      },
    });
    await addLayer(store, {
      name: 'web',
      parent: 'base',
      fill: (tree) => {
        mkdirSync(join(tree, 'etc/old'), { recursive: true });
        writeFileSync(join(tree, 'etc/hostname'), 'web\n');
        program('mknod', [join(tree, 'etc/gone'), 'c', '0', '0']);
        program('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(tree, 'etc/old')]);
        return Promise.resolve();
      },
    });
  }

  /** A program and its libraries. */
  function filesOf(file: string): string[] {
    return [file, ...[...program('ldd', [file]).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!)];
  }

  for (const [format, file] of [
    ['oci', 'directory'],
    ['oci', 'image.tar'],
    ['docker', 'docker.tar'],
  ] as const) {
    it(`writes ${format} to ${file} so that importing it elsewhere gives the same layers, and always the same bytes`, async () => {
      await makeLayers();
      const path = await write('web', file, { format });
      await bring('copy', path);
      expect(await idsOf(other, 'copy')).to.deep.equal(await idsOf(store, 'web'));
      expect((await chainOf(other, 'copy')).map(({ name }) => name)).to.deep.equal(['copy', 'copy-1']);
      // What was imported is exported to the same bytes, but for the name.
      const again = await write('copy', `again-${file}`, { format }, other);
      const layersIn = (place: string) =>
        format === 'oci' && file === 'directory'
          ? readdirSync(join(place, 'blobs/sha256')).filter(
              (name) => lstatSync(join(place, 'blobs/sha256', name)).size > 2000,
            )
          : program('tar', ['-tf', place])
              .split('\n')
              .filter((name) => /\.tar$/.test(name));
      expect(layersIn(again)).to.deep.equal(layersIn(path));
      // A second image that shares its lower layer stores it once.
      await addLayer(store, {
        name: 'mail',
        parent: 'base',
        fill: (tree) => Promise.resolve(writeFileSync(join(tree, 'mail'), '')),
      });
      await bring('mail', await write('mail', `mail-${file}`, { format }));
      expect((await chainOf(other, 'mail')).map(({ name }) => name)).to.deep.equal(['mail', 'copy-1']);
    });
  }

  it('writes images that skopeo and umoci read, and unpack to what the layers hold', async () => {
    await makeLayers();
    const layout = await write('web', 'layout');
    const seen = JSON.parse(program('skopeo', ['inspect', '--config', `oci:${layout}:web`])) as {
      architecture: string;
    };
    expect(seen.architecture).to.equal({ x64: 'amd64' }[process.arch as string] ?? process.arch);
    program('skopeo', [
      'copy',
      '--insecure-policy',
      '--quiet',
      `oci:${layout}:web`,
      `docker-archive:${at('by-skopeo.tar')}:web:latest`,
    ]);
    await bring('by-skopeo', at('by-skopeo.tar'));
    expect(await idsOf(other, 'by-skopeo')).to.deep.equal(await idsOf(store, 'web'));
    await write('web', 'docker.tar', { format: 'docker' });
    program('skopeo', ['inspect', `docker-archive:${at('docker.tar')}`]);
    program('umoci', ['unpack', '--image', `${layout}:web`, at('bundle')]);
    const rootfs = join(at('bundle'), 'rootfs');
    expect(readFileSync(join(rootfs, 'etc/hostname'), 'utf8')).to.equal('web\n');
    expect(existsSync(join(rootfs, 'etc/gone'))).to.equal(false);
    expect(readdirSync(join(rootfs, 'etc/old'))).to.deep.equal([]);
    expect((await contentOf(store.host, rootfs)).id).to.equal(await mergedId());
  });

  /** The content id of what a mount of the two layers shows. */
  async function mergedId(): Promise<string> {
    await write('web', 'flat', { format: 'directory', ...(await flattened()) });
    return (await contentOf(store.host, at('flat'))).id;
  }

  /** As the command does it in a mount namespace of its own: here, a copy of the mount. */
  async function flattened(): Promise<{ merged: string }> {
    const [web, base] = await chainOf(store, 'web');
    for (const name of ['view', 'merged-copy']) mkdirSync(at(name));
    const script = 'mount -t overlay -o "lowerdir=$1:$2" overlay "$3" && cp -a "$3/." "$4"';
    program('unshare', ['--mount', 'sh', '-ec', script, 'sh', web!.tree, base!.tree, at('view'), at('merged-copy')]);
    return { merged: at('merged-copy') };
  }

  /** Runs an image as a container, by what its configuration says, and gives what it prints. */
  function runContainer(image: string): string {
    const bundle = at(`bundle-${readdirSync(scratch).length}`);
    program('umoci', ['unpack', '--image', image, bundle]);
    const file = join(bundle, 'config.json');
    const spec = JSON.parse(readFileSync(file, 'utf8')) as { process: { terminal: boolean } };
    spec.process.terminal = false;
    writeFileSync(file, JSON.stringify(spec));
    const states = ['--root', at('runc')];
    return program('runc', [...states, 'run', '--bundle', bundle, `layer-export-${process.pid}`]);
  }

  it('writes a container that runs', async () => {
    await makeLayers();
    const layout = await write('web', 'layout');
    // Without a terminal, the shell reads its commands from an input that has none.
    expect(runContainer(`${layout}:web`)).to.equal('');
    const command = ['--config.cmd', '/bin/sh', '--config.cmd', '-c', '--config.cmd', 'cat /etc/hostname; echo $$'];
    program('umoci', ['config', '--image', `${layout}:web`, ...command]);
    expect(runContainer(`${layout}:web`)).to.equal('web\n1\n');
  });

  it('writes a container that podman runs', async () => {
    await makeLayers();
    const file = await write('web', 'web.tar');
    const places = ['--root', at('podman'), '--runroot', at('podman-run'), '--tmpdir', at('podman-tmp')];
    // What works on machines of every kind, also in a container without the right to raise limits.
    const usual = ['--storage-driver', 'vfs', '--events-backend', 'none', '--cgroup-manager', 'cgroupfs'];
    const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
    const podman = (...words: string[]) => program('podman', ['--runtime', 'runc', ...places, ...usual, ...words]);
    expect(podman('load', '--quiet', '--input', file)).to.equal('Loaded image: localhost/web:latest\n');
    const look = 'cat /data/shared; echo; echo /etc/old/* /etc/gone*; echo $$';
    const run = ['run', '--rm', '--network', 'none', ...limits, 'web', '/bin/sh', '-c', look];
    expect(podman(...run)).to.equal('shared\n/etc/old/* /etc/gone*\n1\n');
  });

  it('keeps what an imported image says of how it runs, also for layers over it', async () => {
    await makeLayers();
    const layout = await write('web', 'layout');
    const words = ['--config.env', 'LANG=C.UTF-8', '--config.entrypoint', '/bin/cat', '--config.cmd', '/etc/hostname'];
    const more = ['--config.label', 'org.example=1', '--config.user', '1000:1000', '--author', 'Some One'];
    program('umoci', ['config', '--image', `${layout}:web`, ...words, ...more, '--manifest.annotation', 'note=kept']);
    await bring('web', `${layout}:web`);
    await addLayer(other, { name: 'over', parent: 'web', fill: () => Promise.resolve() });
    type Config = { author: string; config: Record<string, unknown> };
    const configOf = (image: string) => JSON.parse(program('skopeo', ['inspect', '--config', image])) as Config;
    const wanted = configOf(`oci:${layout}:web`);
    expect(wanted.config).to.deep.include({ Entrypoint: ['/bin/cat'], User: '1000:1000' });
    for (const format of ['oci', 'docker'] as const) {
      for (const name of ['web', 'over']) {
        const file = await write(name, `${name}-${format}.tar`, { format }, other);
        const seen = configOf(format === 'oci' ? `oci-archive:${file}:${name}` : `docker-archive:${file}`);
        expect(seen.config, `${name} as ${format}`).to.deep.equal(wanted.config);
        expect(seen.author).to.equal('Some One');
      }
    }
    const again = await write('over', 'again', {}, other);
    const raw = JSON.parse(program('skopeo', ['inspect', '--raw', `oci:${again}:over`])) as { annotations: object };
    expect(raw.annotations).to.deep.equal({ note: 'kept' });
    // As the user and by the command that the image names.
    expect(runContainer(`${again}:over`)).to.equal('web\n');
  });

  it('writes one tree as an archive, a file system or a directory', async () => {
    await makeLayers();
    const flat = await flattened();
    const { id } = await contentOf(store.host, flat.merged);
    for (const file of ['all.tar', 'all.tar.gz', 'all.tar.zst', 'all.tar.xz']) {
      const compression = { tar: 'none', gz: 'gzip', zst: 'zstd', xz: 'xz' }[
        file.split('.').pop()!
      ] as Export['compression'];
      await bring(file, await write('web', file, { format: 'tar', compression, ...flat }));
      expect(await idsOf(other, file), file).to.deep.equal([id]);
    }
    const opened = async (place: string) => (await contentOf(store.host, place)).id;
    expect(await opened(await write('web', 'all', { format: 'directory', ...flat }))).to.equal(id);
    // Its own changes alone, which are imported over the same parent.
    await bring('base', await write('base', 'base.tar', { format: 'tar', compression: 'none' }));
    await bring('own', await write('web', 'own.tar', { format: 'tar', compression: 'none' }), 'base');
    expect(await idsOf(other, 'own')).to.deep.equal(await idsOf(store, 'web'));
    const [own, again] = [
      await write('web', 'own.erofs', { format: 'erofs' }),
      await write('web', 'again.erofs', { format: 'erofs' }),
    ];
    expect(readFileSync(own).equals(readFileSync(again))).to.equal(true);
    const squashed = await write('web', 'own.squashfs', { format: 'squashfs' });
    const twice = await write('web', 'twice.squashfs', { format: 'squashfs' });
    expect(readFileSync(squashed).equals(readFileSync(twice))).to.equal(true);
    program('unsquashfs', ['-quiet', '-no-progress', '-d', at('unsquashed'), squashed]);
    expect(await opened(at('unsquashed'))).to.equal((await idsOf(store, 'web'))[0]);
    for (const image of [own, squashed]) {
      const script = 'mount -o loop,ro "$1" "$2" && cp -a "$2/." "$3"';
      mkdirSync(at('mnt'));
      mkdirSync(at('copied'));
      program('unshare', ['--mount', 'sh', '-ec', script, 'sh', image, at('mnt'), at('copied')]);
      expect(await opened(at('copied')), image).to.equal((await idsOf(store, 'web'))[0]);
      for (const name of ['mnt', 'copied']) rmSync(at(name), { recursive: true });
    }
  });

  it('lowers times to SOURCE_DATE_EPOCH, and else keeps them', async () => {
    await makeLayers();
    const times = (file: string) =>
      Object.fromEntries(
        program('tar', ['--full-time', '--utc', '-tv', '--no-recursion', '-f', file, 'etc/', 'etc/hostname'])
          .trim()
          .split('\n')
          .map((line) => line.split(/ +/).slice(-3))
          .map(([date, time, name]) => [name, `${date} ${time}`]),
      ) as Record<string, string>;
    const tar = { format: 'tar', compression: 'none' } as const;
    expect(times(await write('base', 'kept.tar', tar))['etc/hostname']).to.equal('2020-09-13 12:26:40');
    const lowered = times(await write('base', 'lowered.tar', { ...tar, epoch: 1_650_000_000 }));
    expect(lowered).to.deep.equal({ 'etc/': '2022-04-15 05:20:00', 'etc/hostname': '2020-09-13 12:26:40' });
    const path = await write('base', 'layout', { epoch: 1_650_000_000 });
    const config = JSON.parse(program('skopeo', ['inspect', '--config', `oci:${path}:base`])) as { created: string };
    expect(config.created).to.equal('2022-04-15T05:20:00Z');
  });

  it('refuses a layer that is open, or not what it was, and leaves nothing', async () => {
    await makeLayers();
    await newLayer(store, { name: 'open', parent: 'base' });
    expect(String(await rejection(write('open', 'x')))).to.match(/layer 'open' is open/);
    writeFileSync(join((await chainOf(store, 'base'))[0]!.tree, 'etc/gone'), 'y');
    for (const format of ['oci', 'docker', 'tar', 'squashfs', 'erofs', 'directory'] as const) {
      const error = await rejection(write('base', 'x', { format }));
      expect(error).to.be.instanceOf(Failure);
      expect((error as Failure).message, format).to.match(/layer base is not as it was when it was closed/);
      expect((error as Failure).hint).to.match(/layer verify base$/);
    }
    expect(readdirSync(scratch).filter((name) => !['store', 'other'].includes(name))).to.deep.equal([]);
    writeFileSync(at('there'), '');
    expect(String(await rejection(write('base', 'there')))).to.match(/exists already/);
  });

  it('says what an archive can not hold', async () => {
    await addLayer(store, { name: 'odd', fill: (tree) => Promise.resolve(writeFileSync(join(tree, '.wh.x'), '')) });
    expect(String(await rejection(write('odd', 'x')))).to.match(
      /\.wh\.x: in an archive, this name would hide another one/,
    );
  });

  it('brings back every tree that it wrote', async () => {
    const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 0x2f);
    const name = fc
      .array(byte, { minLength: 1, maxLength: 30 })
      .map((bytes) => Buffer.from(bytes))
      .filter(
        (bytes) => !['.', '..'].includes(bytes.toString('latin1')) && !bytes.toString('latin1').startsWith('.wh.'),
      );
    const kind = fc.constantFrom('file', 'dir', 'link', 'hard link', 'whiteout', 'opaque', 'attributes', 'fifo');
    const steps = fc.array(
      fc.tuple(kind, name, fc.nat(5), fc.integer({ min: 0, max: 0o7777 }), fc.uint8Array({ maxLength: 600 })),
      { maxLength: 25 },
    );
    const bytes = Uint8Array.of(0xff);
    let round = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (entries) => {
        const label = `t${round++}`;
        const layer = await addLayer(store, { name: label, fill: (tree) => Promise.resolve(grow(tree, entries)) });
        const file = await write(label, `${label}.tar`, { format: 'tar', compression: 'none' });
        await bring(label, file);
        expect(await idsOf(other, label)).to.deep.equal([layer.contentId]);
        const again = await write(label, `${label}-again.tar`, { format: 'tar', compression: 'none' }, other);
        const sum = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
        expect(sum(again)).to.equal(sum(file));
      }),
      // Names that look like attributes in what getfattr prints.
      {
        numRuns: 20,
        examples: ['=', 'a=', 'b=0x00'].map((odd) => [[['attributes', Buffer.from(odd), 0, 0o644, bytes]]]),
      },
    );
  });

  type Step = readonly [string, Buffer, number, number, Uint8Array];

  function grow(tree: string, steps: readonly Step[]): void {
    const directories = [Buffer.from(tree)];
    const files: Buffer[] = [];
    for (const [kind, name, where, mode, bytes] of steps) {
      const path = Buffer.concat([directories[where % directories.length]!, Buffer.from('/'), name]);
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
      const script = (text: string) =>
        execFileSync('xargs', ['-0', 'sh', '-ec', text, 'sh'], { input: Buffer.concat([path, Buffer.from('\0')]) });
      const file = files[where % files.length];
      if (kind === 'hard link' && file !== undefined)
        execFileSync('xargs', ['-0', 'ln', '-T', '--'], {
          input: Buffer.concat([file, Buffer.from('\0'), path, Buffer.from('\0')]),
        });
      else if (kind === 'dir' || kind === 'opaque') {
        mkdirSync(path, { mode });
        script(
          `chmod ${mode.toString(8)} "$1"; chown ${where}:${mode} "$1"${kind === 'opaque' ? '; setfattr -n trusted.overlay.opaque -v y "$1"' : ''}`,
        );
        directories.push(path);
      } else if (kind === 'link') symlinkSync(Buffer.from(`to/${Buffer.from(bytes).toString('base64')}`), path);
      else if (kind === 'whiteout') script('mknod "$1" c 0 0');
      else if (kind === 'fifo') script('mkfifo "$1"');
      else {
        writeFileSync(path, bytes);
        script(`chown ${where}:${mode} "$1"; chmod ${mode.toString(8)} "$1"`);
        if (kind === 'attributes')
          script('setfattr -n user.z -v 0x00ff0a "$1"; setfattr -n user.a -v 1 "$1"; setfacl -m u:77:rx "$1"');
        files.push(path);
      }
    }
  }
});
