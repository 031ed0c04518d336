import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { programDirectory } from '../../src/host/program-directory.js';
import { collectGarbage } from '../../src/layers/gc.js';
import { cutover, fallback } from '../../src/layers/cutover.js';
import { allInstances } from '../../src/layers/instances.js';
import { addLayer } from '../../src/layers/layers.js';
import { directoryOf, findPoint } from '../../src/layers/points.js';
import { mountPoint, newPoint, unmountPoint } from '../../src/layers/point-changes.js';
import type { Store } from '../../src/layers/store.js';
import { rejection, withStandIn } from '../support/host.js';
import { rootOnly, TestStore } from '../support/layer-store.js';

/** `make check-e2e` makes as many as the promise says. */
const cutovers = Number(process.env.IMAGE_FACTORY_CUTOVERS ?? 100);

describe('a cutover', () => {
  let test: TestStore;
  let store: Store;

  before(function () {
    rootOnly(this);
  });

  beforeEach(async () => {
    test = new TestStore();
    store = await test.open();
    for (const version of ['v1', 'v2']) {
      await addLayer(store, {
        name: version,
        async fill(tree) {
          for (const file of ['a', 'b']) await writeFile(join(tree, file), version);
        },
      });
    }
    await newPoint(store, 'web', 'v1');
    await mountPoint(store, 'web');
  });

  afterEach(() => test.remove());

  const root = () => directoryOf(store, 'web');

  it(`is never seen half by a process that reads through ${cutovers} of them`, async () => {
    const script = join(programDirectory, 'test/support/stackpoint-reader.py');
    const reader = spawn('python3', [script, root()], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    reader.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    try {
      await once(reader.stdout, 'data');
      for (let count = 0; count < cutovers; count++) {
        // A cutover to a fresh instance, one to an instance that is there, and a way back.
        if (count % 10 === 9) await fallback(store, 'web', { steps: 1 });
        else
          await cutover(store, 'web', count % 2 === 0 ? 'v2' : 'v1', {
            instance: count % 3 === 0 ? 'fresh' : 'latest',
          });
      }
    } finally {
      reader.kill('SIGTERM');
      await once(reader, 'close');
    }
    const [reads, seen, failures, ...which] = said.split('\n')[1]?.split(' ') ?? [];
    expect({ seen, failures, which }).to.deep.equal({ seen: 'v1,v2', failures: '0', which: [] });
    expect(Number(reads)).to.be.greaterThan(cutovers);
    await collectGarbage(store, 2);
    expect(test.mounts()).to.have.length(1);
  });

  it('leaves no mount point of an instance that was unmounted before', async () => {
    await unmountPoint(store, 'web');
    await cutover(store, 'web', 'v2', { instance: 'fresh' });
    expect(readdirSync(join(root(), '..', 'mounts'))).to.deep.equal(['2']);
  });

  it('leaves files of the old instance open, and unmounts it when they are closed', async () => {
    const file = openSync(join(root(), 'a'), 'r');
    await cutover(store, 'web', 'v2', { instance: 'fresh' });
    const buffer = Buffer.alloc(10);
    expect(buffer.toString('utf8', 0, readSync(file, buffer))).to.equal('v1');
    expect(test.mounts()).to.have.length(2);
    expect(await rejection(unmountPoint(store, 'web')))
      .to.have.property('message')
      .that.matches(new RegExp(`^instance web.1 is in use by process ${process.pid} \\(`));
    expect((await collectGarbage(store, undefined)).map(({ what }) => what)).to.deep.equal([]);
    closeSync(file);
    const removed = await collectGarbage(store, undefined);
    expect(removed.map(({ what }) => what)).to.deep.equal(['the mount of an instance that is no longer shown']);
  });

  it('leaves the old instance if the new one can not be mounted', async () => {
    const script = '#!/bin/sh\necho "mount: out of luck" >&2\nexit 32\n';
    const failed = await withStandIn(
      { directory: test.directory.replace(/$/, '/staging'), name: 'mount', script },
      () => rejection(cutover(store, 'web', 'v2', { instance: 'fresh' })),
    );
    expect(failed).to.have.property('message').that.contains('out of luck');
    expect((await findPoint(store, 'web')).current).to.equal(1);
    expect((await allInstances(store, 'web')).map(({ number }) => number)).to.deep.equal([1]);
    expect(test.read('points/web/root/a')).to.equal('v1');
  });

  it('goes back any number of steps, with all changes, and forward again by name', async () => {
    for (const [step, version] of ['v2', 'v1', 'v2'].entries()) {
      writeFileSync(join(root(), 'changed'), `step ${step}`);
      await cutover(store, 'web', version, { instance: 'fresh' });
    }
    const changed = () => test.read('points/web/root/changed');
    await fallback(store, 'web', { steps: 3 });
    expect(changed()).to.equal('step 0');
    await fallback(store, 'web', { instance: { point: 'web', number: 3 } });
    expect(changed()).to.equal('step 2');
    // What comes after a fallback leads back to what was shown before it.
    await fallback(store, 'web', { steps: 1 });
    expect(changed()).to.equal('step 0');
    await cutover(store, 'web', 'v2', { instance: 'fresh' });
    await fallback(store, 'web', { steps: 1 });
    expect(changed()).to.equal('step 0');
    const back = await rejection(fallback(store, 'web', { steps: 1 }));
    expect(back).to.have.property(
      'message',
      "stackpoint 'web' has no step back: web.1 is the first instance that it showed",
    );
  });

  it('gives each instance a number of its own, also after one was deleted', async () => {
    await cutover(store, 'web', 'v2', { instance: 'fresh' });
    await fallback(store, 'web', { steps: 1 });
    const { deleteInstance } = await import('../../src/layers/point-changes.js');
    await deleteInstance(store, { point: 'web', number: 2 });
    await cutover(store, 'web', 'v2', { instance: 'latest' });
    expect((await findPoint(store, 'web')).current).to.equal(3);
  });
});
