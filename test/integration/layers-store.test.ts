import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { writeFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { cutover } from '../../src/layers/cutover.js';
import { closeLayer, deleteLayers, mountForEditing } from '../../src/layers/edit.js';
import { addLayer, allLayers, newLayer } from '../../src/layers/layers.js';
import {
  deleteInstance,
  deletePoint,
  mountPoint,
  newPoint,
  pin,
  unmountPoint,
} from '../../src/layers/point-changes.js';
import { repair, troublesIn } from '../../src/layers/repair.js';
import { sizesOf } from '../../src/layers/sizes.js';
import type { Store } from '../../src/layers/store.js';
import { verifyLayer } from '../../src/layers/verify.js';
import { rejection } from '../support/host.js';
import { rootOnly, TestStore } from '../support/layer-store.js';

describe('the store of layers', () => {
  let test: TestStore;
  let store: Store;

  before(function () {
    rootOnly(this);
  });

  beforeEach(async () => {
    test = new TestStore();
    store = await test.open();
  });

  afterEach(() => test.remove());

  const fill = async (tree: string) => {
    await mkdir(join(tree, 'etc'));
    await writeFile(join(tree, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n', { mode: 0o644 });
    await symlink('passwd', join(tree, 'etc/link'));
  };

  /** What `verify` says of all layers. */
  async function findings(): Promise<string[]> {
    const found: string[] = [];
    for (const layer of await allLayers(store)) {
      for await (const { path, what } of verifyLayer(store, layer)) found.push(`${path}: ${what}`);
    }
    return found;
  }

  const tampering: Record<string, [change: (tree: string) => unknown, found: RegExp]> = {
    'a flipped byte': [
      (tree) => writeFileSync(join(tree, 'etc/passwd'), 'Root:x:0:0::/root:/bin/sh\n'),
      /^etc\/passwd: content changed$/,
    ],
    'a mode': [(tree) => chmodSync(join(tree, 'etc/passwd'), 0o666), /^etc\/passwd: mode 0666 was 0644$/],
    'an owner': [(tree) => chownSync(join(tree, 'etc/passwd'), 7, 0), /^etc\/passwd: uid 7 was 0$/],
    'an attribute': [
      (tree) => execa('setfattr', ['-n', 'user.x', '-v', 'y', join(tree, 'etc/passwd')]),
      /^etc\/passwd: xattr\.user\.x added$/,
    ],
    'an added file': [(tree) => writeFileSync(join(tree, 'etc/shadow'), ''), /^etc\/shadow: added$/],
    'a removed file': [(tree) => unlinkSync(join(tree, 'etc/link')), /^etc\/link: removed$/],
    'a link that points elsewhere': [
      (tree) => (unlinkSync(join(tree, 'etc/link')), symlinkSync('shadow', join(tree, 'etc/link'))),
      /^etc\/link: link shadow was passwd$/,
    ],
    'an opaque directory': [
      (tree) => execa('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(tree, 'etc')]),
      /^etc: opaque added$/,
    ],
  };
  for (const [what, [change, found]] of Object.entries(tampering)) {
    it(`finds ${what} in a closed layer`, async () => {
      const { tree } = await addLayer(store, { name: 'base', fill });
      expect(await findings()).to.deep.equal([]);
      await change(tree);
      const said = await findings();
      expect(said).to.have.length(1);
      expect(said[0]).to.match(found);
    });
  }

  it('finds a manifest that was changed as well', async () => {
    const { tree } = await addLayer(store, { name: 'base', fill });
    chmodSync(join(tree, 'etc/passwd'), 0o666);
    writeFileSync(join(tree, '../manifest'), '#mtree\n');
    expect(await findings()).to.deep.equal([
      "undefined: its content is not that of its id, and its manifest was changed: the files can't be named",
    ]);
  });

  it('never mounts the same for writing twice', async () => {
    await newLayer(store, { name: 'base' });
    const inside = test.start('layer', 'edit', 'base', '--', 'sh', '-c', 'echo ready; read -r line');
    await new Promise((ready) => inside.stdout.once('data', ready));
    expect(await rejection(mountForEditing(store, 'base')))
      .to.have.property('message')
      .that.matches(/^layer 'base' is mounted already, for process \d+$/);
    expect(await rejection(closeLayer(store, 'base')))
      .to.have.property('message')
      .that.contains('is mounted already');
    expect(await rejection(deleteLayers(store, ['base'])))
      .to.have.property('message')
      .that.contains('is mounted already');
    inside.kill('SIGTERM');
    await inside;
  });

  it('takes on the disk what the list says, to the block', async () => {
    await addLayer(store, { name: 'base', fill });
    await addLayer(store, {
      name: 'linked',
      parent: 'base',
      async fill(tree) {
        await writeFile(join(tree, 'one'), Buffer.alloc(100_000));
        await execa('ln', [join(tree, 'one'), join(tree, 'two')]);
        await execa('truncate', ['--size', '10M', join(tree, 'sparse')]);
      },
    });
    await newPoint(store, 'web', 'linked');
    await mountPoint(store, 'web');
    writeFileSync(join(test.directory, 'points/web/root/new'), Buffer.alloc(50_000));
    const sum = ({ layers, instances, unfinished, rest }: Awaited<ReturnType<typeof sizesOf>>) =>
      [...layers.values(), ...instances.values(), unfinished, rest].reduce((all, size) => all + size, 0);
    const sizes = await sizesOf(store);
    const { stdout } = await execa('du', ['--one-file-system', '--summarize', '--block-size=1', test.directory]);
    expect(sizes.total).to.equal(Number(stdout.split('\t')[0]));
    expect(sum(sizes)).to.equal(sizes.total);
    expect(sizes.layers.get('linked')).to.be.within(100_000, 150_000);
  });

  it('deletes nothing that is in use, and says by what', async () => {
    await addLayer(store, { name: 'base', fill });
    await addLayer(store, { name: 'app', parent: 'base', fill });
    await newPoint(store, 'web', 'app');
    const reason = async (action: Promise<unknown>) => ((await rejection(action)) as Error).message;
    expect(await reason(deleteLayers(store, ['base']))).to.equal("layer 'base' is in use by layer 'app'");
    expect(await reason(deleteLayers(store, ['base', 'app']))).to.equal("layer 'app' is in use by instance web.1");
    expect(await reason(deleteInstance(store, { point: 'web', number: 1 }))).to.contain(
      "the one that stackpoint 'web' shows",
    );
    await mountPoint(store, 'web');
    expect(await reason(deletePoint(store, 'web'))).to.equal('instance web.1 is mounted');
    await unmountPoint(store, 'web');
    await pin(store, { point: 'web', number: 1 }, true);
    expect(await reason(deletePoint(store, 'web'))).to.equal('instance web.1 is pinned');
  });

  it('repairs what belongs together, where one remedy does the work of another', async () => {
    const at = (name: string) => join(test.directory, name);
    const { number } = await addLayer(store, { name: 'base', fill });
    await newPoint(store, 'web', 'base');
    // As a cutover leaves them that ended before the stackpoint showed its instance.
    cpSync(at('instances/web.1'), at('instances/web.9'), { recursive: true });
    mkdirSync(at('points/web/mounts/9'));
    rmSync(at(`l/${number}`));
    symlinkSync('../layers/gone/tree', at(`l/${number}`));
    const said = (await repair(store)).map(({ path, remedy }) => `${path}: ${remedy}`);
    // What is removed lies in the trash for a moment.
    expect(said.filter((line) => !line.startsWith('trash/'))).to.have.members([
      'instances/web.9: removed',
      'points/web/mounts/9: removed',
      `l/${number}: restored`,
      `l/${number}: removed`,
    ]);
    expect(await troublesIn(store)).to.deep.equal([]);
    expect(existsSync(at(`l/${number}/etc/passwd`))).to.equal(true);
  });

  it('goes on beside damaged records, names them, and removes nothing of them', async () => {
    await addLayer(store, { name: 'base', fill });
    await addLayer(store, { name: 'good', fill });
    await newPoint(store, 'web', 'good');
    writeFileSync(join(test.directory, 'layers/base/layer.json'), '');
    rmSync(join(test.directory, 'points/web/root'));
    mkdirSync(join(test.directory, 'layers/strange'));
    writeFileSync(join(test.directory, 'points/web/readme'), '');
    expect((await allLayers(store)).map(({ name }) => name)).to.deep.equal(['good']);
    const troubles = await repair(store);
    const said = troubles.map(({ path, remedy }) => `${path}: ${remedy ?? 'left'}`);
    expect(said).to.have.members([
      'points/web/root: restored',
      'layers/base: left',
      'layers/strange: left',
      'points/web/readme: left',
    ]);
    expect(existsSync(join(test.directory, 'layers/base/tree/etc/passwd'))).to.equal(true);
    await cutover(store, 'web', 'good', { instance: 'fresh' });
  });
});
