import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { mountOverlay } from '../../src/layers/overlay-mount.js';
import { addLayer, chainOf, type Layer } from '../../src/layers/layers.js';
import { changing } from '../../src/layers/store.js';
import { rootOnly, TestStore } from '../support/layer-store.js';

describe('layers', () => {
  let tests: TestStore[];

  before(function () {
    rootOnly(this);
  });

  beforeEach(() => (tests = [new TestStore(), new TestStore()]));
  afterEach(() => Promise.all(tests.map((test) => test.remove())));

  it('are made, shown and removed by eight processes in two stores, as if by one after the other', async () => {
    const marked = `image-factory-${process.pid}-${Date.now()}`;
    writeFileSync('/dev/kmsg', `${marked}\n`);
    for (const test of tests) {
      await test.run('layer', 'new', 'base');
      await test.run('layer', 'close', 'base');
      await test.run('stackpoint', 'new', 'shared', 'base');
    }
    const work = async (test: TestStore, worker: number) => {
      const own = `layer-${worker}`;
      const outcomes = [
        await test.start('layer', 'new', own, 'base'),
        await test.start('layer', 'edit', own, '--', 'sh', '-c', `echo ${worker} >file`),
        await test.start('layer', 'close', own),
        await test.start('stackpoint', 'cutover', 'shared', own),
        await test.start('layer', 'list'),
        await test.start('stackpoint', 'new', `point-${worker}`, own),
        await test.start('stackpoint', 'run', `point-${worker}`, '--', 'cat', 'file'),
        await test.start('layer', 'gc'),
      ];
      for (const { exitCode, all, command } of outcomes) expect(exitCode, `${command}: ${all}`).to.equal(0);
      expect(outcomes[6]?.stdout).to.equal(`${worker}`);
    };
    await Promise.all(Array.from({ length: 8 }, (_, worker) => work(tests[worker % 2] as TestStore, worker)));
    for (const test of tests) {
      const { layers } = await test.json<{ layers: { name: string; state: string }[] }>('layer', 'list');
      expect(layers.filter(({ state }) => state === 'closed')).to.have.length(5);
      const { activations, instance } = await test.json<{ activations: { instance: string }[]; instance: string }>(
        ...['stackpoint', 'show', 'shared'],
      );
      // Each cutover had its turn, and an instance of its own.
      expect(activations.map((one) => one.instance)).to.deep.equal([1, 2, 3, 4, 5].map((number) => `shared.${number}`));
      expect(instance).to.equal('shared.5');
      expect(await test.run('layer', 'verify')).to.equal('5 closed layers are as they were closed');
      expect(await test.run('layer', 'repair')).to.equal('nothing to repair');
    }
    const { stdout } = await execa('dmesg');
    const since = stdout.slice(stdout.lastIndexOf(marked));
    expect(since).not.to.match(/overlayfs: (?:upper|work)dir is in-use/);
  });

  it('are mounted when there are 100 of them with names of 60 letters, and at most 499', async () => {
    const [test] = tests as [TestStore];
    const store = await test.open();
    const nameOf = (number: number) => `${number}-`.padEnd(60, 'abcdefghij');
    for (let number = 1; number <= 100; number++) {
      await addLayer(store, {
        name: nameOf(number),
        parent: number === 1 ? undefined : nameOf(number - 1),
        fill: (tree) => Promise.resolve(writeFileSync(join(tree, `${number}`), '')),
      });
    }
    await test.run('stackpoint', 'new', 'deep', nameOf(100));
    await test.run('stackpoint', 'mount', 'deep');
    const { stdout } = await execa('ls', [join(test.directory, 'points/deep/root/')]);
    expect(stdout.split('\n')).to.have.length(100);
    await test.run('stackpoint', 'umount', 'deep');
    // The kernel's limit.
    const [top] = await chainOf(store, nameOf(100));
    const many = Array.from({ length: 500 }, (_, index) => ({ ...(top as Layer), number: 10_000 + index }));
    for (const { number } of many) mkdirSync(join(test.directory, `l/${number}`));
    mkdirSync(join(test.directory, 'edits/many'));
    const mount = (count: number) =>
      changing(store, () =>
        mountOverlay(store, { mounted: { view: 'many' }, layers: many.slice(0, count), at: '../edits/many' }),
      ).then(
        () => 'mounted',
        (error: Error) => error.message,
      );
    expect(await mount(500)).to.contain('500 layers, and overlayfs stacks at most 499');
    expect(await mount(499)).to.equal('mounted');
  });
});
