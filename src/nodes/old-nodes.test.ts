import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { addLayer, allLayers } from '../layers/layers.js';
import { writeRecord } from '../layers/record.js';
import { within, type Store } from '../layers/store.js';
import { testHost } from '../../test/support/host.js';
import { rootOnly, TestStore } from '../../test/support/layer-store.js';
import { removeOldNodes } from './old-nodes.js';
import { nodeDirectory, type NodeRecord } from './record.js';

describe('the nodes that an image had before', () => {
  let test: TestStore;
  let store: Store;
  const host = testHost();
  const [first, second, third] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string];

  before(function () {
    rootOnly(this);
  });
  beforeEach(async () => {
    test = new TestStore();
    store = { ...(await test.open()), host };
  });
  afterEach(() => test.remove());

  async function node(id: string, layer: string): Promise<void> {
    mkdirSync(nodeDirectory(store.directory, id));
    const record: NodeRecord = { id, name: 'web', inputs: {}, layer, contentId: '', made: new Date().toISOString() };
    await writeRecord(join(nodeDirectory(store.directory, id), 'node.json'), record);
  }
  const addEmpty = (name: string, parent?: string) => addLayer(store, { name, parent, fill: () => Promise.resolve() });
  const layers = async () => (await allLayers(store)).map(({ name }) => name);

  it('go in one change of the store, with their layers, unless something is built on them', async () => {
    for (const name of ['web-1', 'web-2', 'web-3']) await addEmpty(name);
    await addEmpty('child', 'web-1');
    await node(first, 'web-1');
    await node(second, 'web-2');
    await node(third, 'web-3');
    host.log.lines.length = 0;
    await removeOldNodes(store, 'web', third);
    expect(readdirSync(within(store, 'nodes')).sort()).to.deep.equal([first, third]);
    expect(await layers()).to.deep.equal(['child', 'web-1', 'web-3']);
    expect(readdirSync(within(store, 'trash'))).to.be.empty;
    expect(host.log.lines.filter((line) => /flock .*--timeout/.test(line))).to.have.length(1);
  });

  it('leave their layer to a newer one that has the same', async () => {
    await addEmpty('web-1');
    await node(first, 'web-1');
    await node(second, 'web-1');
    await removeOldNodes(store, 'web', second);
    expect(readdirSync(within(store, 'nodes'))).to.deep.equal([second]);
    expect(await layers()).to.deep.equal(['web-1']);
  });
});
