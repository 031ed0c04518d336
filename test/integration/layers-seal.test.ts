import { expect } from 'chai';
import { rootOnly, TestStore } from '../support/layer-store.js';

// test/e2e/stackpoints-reboot.test.ts seals a layer for real, in a virtual machine whose kernel can do it.
describe('layer close --seal', () => {
  let store: TestStore;

  before(function () {
    rootOnly(this);
  });

  beforeEach(() => (store = new TestStore()));
  afterEach(() => store.remove());

  it('says where fs-verity is missing, and leaves the layer closed and as it was', async () => {
    await store.run('layer', 'new', 'base');
    await store.run('layer', 'edit', 'base', '--', 'sh', '-c', 'echo 1 >version');
    const { exitCode, all } = await store.start('layer', 'close', 'base', '--seal');
    if (exitCode === 0) {
      // This machine has it: the layer is sealed, and can't be edited again.
      const { exitCode: edited, all: said } = await store.start('layer', 'edit', 'base', '--', 'true');
      expect({ edited, said }).to.deep.equal({
        edited: 1,
        said: "image-factory: layer 'base' is sealed: its files can't be changed any more\nMake a layer over it: image-factory layer new NAME base",
      });
      return;
    }
    expect(all).to.contain("layer 'base' can't be sealed: the kernel or the file system of");
    expect(await store.json('layer', 'show', 'base')).to.deep.include({ state: 'closed', sealed: false });
    await store.run('layer', 'edit', 'base', '--', 'sh', '-c', 'echo 2 >version');
    await store.run('layer', 'close', 'base');
    expect(await store.run('layer', 'verify')).to.equal('1 closed layers are as they were closed');
  });

  it('refuses to edit a layer that is sealed', async () => {
    await store.run('layer', 'new', 'base');
    await store.run('layer', 'close', 'base');
    // As a machine with fs-verity would have written it.
    store.write(
      store.read('layers/base/layer.json').replace('"state"', '"sealed": true,\n  "state"'),
      'layers/base/layer.json',
    );
    const { exitCode, all } = await store.start('layer', 'edit', 'base', '--', 'true');
    expect(exitCode).to.equal(1);
    expect(all).to.contain("layer 'base' is sealed: its files can't be changed any more");
  });
});
