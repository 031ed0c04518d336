import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { waitForLock } from '../host/file-lock.js';
import { withStage } from '../layers/layers.js';
import { expectMade, within, type Store } from '../layers/store.js';
import { testHost } from '../../test/support/host.js';
import { TestStore } from '../../test/support/layer-store.js';
import { clearLeftovers } from './clear-leftovers.js';
import { lockOfNode, unfinishedNode } from './record.js';

describe('what builds left in a store', () => {
  let test: TestStore;
  let store: Store;
  const host = testHost();
  const [killed, running] = ['a'.repeat(64), 'b'.repeat(64)] as const;
  const namesOf = (area: 'staging' | 'nodes' | 'trash') => readdirSync(within(store, area)).sort();

  beforeEach(async () => {
    test = new TestStore();
    store = { ...(await test.open()), host };
    await expectMade(store);
    host.log.lines.length = 0;
  });
  afterEach(() => test.remove());

  it('is removed if they were killed, and stays if they run', async () => {
    mkdirSync(within(store, 'staging', 'killed/tree'), { recursive: true });
    for (const id of [killed, running]) mkdirSync(unfinishedNode(store, id));
    writeFileSync(lockOfNode(store, killed), '123456789\n');
    const giveBack = await waitForLock(host, lockOfNode(store, running), 'the tree of web');
    await withStage(store, async () => {
      const before = namesOf('staging');
      await clearLeftovers(store);
      expect(namesOf('staging')).to.deep.equal(before.filter((name) => name !== 'killed'));
    });
    expect(namesOf('nodes')).to.deep.equal([`.${running}.lock`, `.${running}.new`]);
    expect(namesOf('trash')).to.be.empty;
    await giveBack();
  });

  it('is removed a day later where an earlier version left it, which locked nothing', async () => {
    const [old, young] = ['.new-a1B2c3', '.new-d4E5f6'] as const;
    for (const name of [old, young]) mkdirSync(within(store, 'nodes', `${name}/disk`), { recursive: true });
    const before = Date.now() / 1000 - 25 * 3600;
    utimesSync(within(store, 'nodes', old), before, before);
    await clearLeftovers(store);
    expect(namesOf('nodes')).to.deep.equal([young]);
  });

  it('is removed, and trees are made, without a wait for those who change the store', async () => {
    mkdirSync(within(store, 'staging', 'killed/tree'), { recursive: true });
    await withStage(store, () => clearLeftovers(store));
    expect(host.log.lines.filter((line) => /flock .*--timeout/.test(line))).to.be.empty;
  });
});
