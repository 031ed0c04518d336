import { lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { addLayer, type Layer } from '../layers/layers.js';
import type { Store } from '../layers/store.js';
import { rejection, testHost } from '../../test/support/host.js';
import { rootOnly, TestStore } from '../../test/support/layer-store.js';
import { expectUntouched } from './expect-untouched.js';

describe('a layer that something is to be built on', () => {
  let test: TestStore;
  let store: Store;
  let layer: Layer;
  const host = testHost();
  /** Whether the content of the layer's files was read. */
  const wasVerified = () => host.log.lines.includes('progress: Verifying the layer base');
  /** Changes a file later than the layer was closed, by the clock of the file system. */
  const write = (name: string, content: string) => {
    const path = join(layer.tree, name);
    do writeFileSync(path, content);
    while (lstatSync(path).ctimeMs <= Date.parse(layer.closed ?? ''));
  };

  before(function () {
    rootOnly(this);
  });
  beforeEach(async () => {
    test = new TestStore();
    host.log.lines.length = 0;
    store = { ...(await test.open()), host };
    layer = await addLayer(store, {
      name: 'base',
      fill(tree) {
        writeFileSync(join(tree, 'page'), 'hello');
        writeFileSync(Buffer.from(`${tree}/\xe9t\xe9`, 'latin1'), 'a name that is not UTF-8');
        return Promise.resolve();
      },
    });
  });
  afterEach(() => test.remove());

  it('is not read if nothing was changed since it was closed', async () => {
    await expectUntouched(store, 'base');
    expect(wasVerified()).to.be.false;
  });

  it('is compared if something was, and may be used if it is the same', async () => {
    write('page', 'hello');
    await expectUntouched(store, 'base');
    expect(wasVerified()).to.be.true;
  });

  it('is refused if it differs', async () => {
    write('page', 'HELLO');
    expect(await rejection(expectUntouched(store, 'base'))).to.have.property(
      'message',
      "the layer 'base' is not what it was when it was closed: page: content changed",
    );
  });
});
