import { expect } from 'chai';
import { execa } from 'execa';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rejection, testHost } from '../support/host.js';
import { cutover, fallback } from '../../src/layers/cutover.js';
import { closeLayer, deleteLayers, mountForEditing } from '../../src/layers/edit.js';
import { addLayer, allLayers, chainOf, findLayer, newLayer } from '../../src/layers/layers.js';
import { directoryOf, findPoint } from '../../src/layers/points.js';
import { deletePoint, mountPoint, newPoint, unmountPoint } from '../../src/layers/point-changes.js';
import { openStore, type Store } from '../../src/layers/store.js';

describe('a store of layers', () => {
  let directory: string;
  let store: Store;

  before(function () {
    if (process.getuid?.() !== 0) {
      console.log('    run the tests as root for those of mounts: sudo make check');
      this.skip();
    }
  });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'image-factory-store-'));
    store = await openStore(testHost(), directory);
  });

  afterEach(async () => {
    const { stdout } = await execa('findmnt', ['--noheadings', '--raw', '--output', 'TARGET'], { reject: false });
    const ours = stdout.split('\n').filter((path) => path.startsWith(`${directory}/`));
    for (const path of ours.reverse()) await execa('umount', [path]);
    rmSync(directory, { recursive: true, force: true });
  });

  const layerWith = (name: string, files: Record<string, string>, parent?: string) =>
    addLayer(store, {
      name,
      parent,
      fill: async (tree) => {
        for (const [file, content] of Object.entries(files)) await writeFile(join(tree, file), content);
      },
    });

  it('adds a whole layer at once', async () => {
    await layerWith('base', { motd: 'hello' });
    const child = await layerWith('child', { other: 'x' }, 'base');
    expect(child.contentId).to.match(/^[0-9a-f]{64}$/);
    expect((await chainOf(store, 'child')).map(({ name }) => name)).to.deep.equal(['child', 'base']);
    expect(readFileSync(join((await findLayer(store, 'base')).tree, 'motd'), 'utf8')).to.equal('hello');
  });

  it('keeps nothing of a layer that could not be filled', async () => {
    const fill = async (tree: string) => {
      await writeFile(join(tree, 'half'), 'x');
      throw new Error('the archive ends too early');
    };
    expect(await rejection(addLayer(store, { name: 'base', fill })))
      .to.have.property('message')
      .that.contains('too early');
    expect(await allLayers(store)).to.deep.equal([]);
    expect((await execa('find', [join(directory, 'staging'), join(directory, 'l')])).stdout.split('\n')).to.have.length(
      3,
    );
  });

  it('edits layers over each other, and shows them at a stackpoint that cuts over and falls back', async () => {
    await newLayer(store, { name: 'libs' });
    writeFileSync(join(await mountForEditing(store, 'libs'), 'lib'), 'lib 1');
    await closeLayer(store, 'libs');
    for (const version of ['1', '2']) {
      await newLayer(store, { name: `app-${version}`, parent: 'libs' });
      const at = await mountForEditing(store, `app-${version}`);
      expect(readFileSync(join(at, 'lib'), 'utf8')).to.equal('lib 1');
      writeFileSync(join(at, 'app'), version);
      await closeLayer(store, `app-${version}`);
    }
    await newPoint(store, 'web', 'app-1');
    await mountPoint(store, 'web');
    const root = directoryOf(store, 'web');
    const app = () => readFileSync(join(root, 'app'), 'utf8');
    expect(app()).to.equal('1');
    writeFileSync(join(root, 'changed'), 'by v1');
    await cutover(store, 'web', 'app-2', { instance: 'fresh' });
    expect(app()).to.equal('2');
    await fallback(store, 'web', { steps: 1 });
    expect(app()).to.equal('1');
    expect(readFileSync(join(root, 'changed'), 'utf8')).to.equal('by v1');
    expect((await findPoint(store, 'web')).activations.map(({ layer }) => layer)).to.deep.equal([
      'app-1',
      'app-2',
      'app-1',
    ]);
    const used = await rejection(deleteLayers(store, ['app-1']));
    expect(used).to.have.property('message', "layer 'app-1' is in use by instance web.1");
    await unmountPoint(store, 'web');
    await deletePoint(store, 'web');
    await deleteLayers(store, ['libs', 'app-1', 'app-2']);
    expect(await allLayers(store)).to.deep.equal([]);
  });

  it('refuses a directory that holds something else', async () => {
    await mkdir(join(directory, 'holiday photos'));
    const refused = await rejection(openStore(testHost(), directory));
    expect(refused).to.have.property('message').that.contains('neither a store of layers nor empty');
  });
});
