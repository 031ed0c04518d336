import { expect } from 'chai';
import fc from 'fast-check';
import { cutover, fallback, newInstance } from '../../src/layers/cutover.js';
import { deleteLayers } from '../../src/layers/edit.js';
import { collectGarbage } from '../../src/layers/gc.js';
import { allInstances, isMounted } from '../../src/layers/instances.js';
import { addLayer, allLayers } from '../../src/layers/layers.js';
import {
  deleteInstance,
  deletePoint,
  mountPoint,
  newPoint,
  pin,
  unmountPoint,
} from '../../src/layers/point-changes.js';
import { allPoints } from '../../src/layers/points.js';
import { repair } from '../../src/layers/repair.js';
import type { Store } from '../../src/layers/store.js';
import { emptyTrash } from '../../src/layers/trash.js';
import { Failure, UsageError } from '../../src/host/failure.js';
import { rootOnly, TestStore } from '../support/layer-store.js';

const seed = Number(process.env.IMAGE_FACTORY_SEED ?? Date.now() % 2 ** 31);
const layers = ['l1', 'l2', 'l3'];

interface Step {
  readonly what: keyof typeof steps;
  readonly layer: string;
  readonly parent: string | undefined;
  readonly point: string;
  readonly number: number;
}

/** What may happen to a store. Each returns the names of what it was asked to remove. */
const steps = {
  newLayer: (store: Store, { layer, parent }: Step) =>
    addLayer(store, { name: layer, parent, fill: () => Promise.resolve() }).then(() => []),
  deleteLayer: (store: Store, { layer }: Step) => deleteLayers(store, [layer]).then(() => [layer]),
  newPoint: (store: Store, { point, layer }: Step) => newPoint(store, point, layer).then(() => []),
  deletePoint: async (store: Store, { point }: Step) => {
    const own = (await allInstances(store, point)).map(({ number }) => `${point}.${number}`);
    await deletePoint(store, point);
    return [point, ...own];
  },
  cutover: (store: Store, { point, layer }: Step) => cutover(store, point, layer, { instance: 'fresh' }).then(() => []),
  reuse: (store: Store, { point, layer }: Step) => cutover(store, point, layer, { instance: 'latest' }).then(() => []),
  fallback: (store: Store, { point }: Step) => fallback(store, point, { steps: 1 }).then(() => []),
  fallbackTo: (store: Store, { point, number }: Step) =>
    fallback(store, point, { instance: { point, number } }).then(() => []),
  newInstance: (store: Store, { point, layer }: Step) => newInstance(store, point, layer).then(() => []),
  deleteInstance: (store: Store, { point, number }: Step) =>
    deleteInstance(store, { point, number }).then(() => [`${point}.${number}`]),
  pin: (store: Store, { point, number }: Step) => pin(store, { point, number }, true).then(() => []),
  unpin: (store: Store, { point, number }: Step) => pin(store, { point, number }, false).then(() => []),
  mount: (store: Store, { point }: Step) => mountPoint(store, point).then(() => []),
  umount: (store: Store, { point }: Step) => unmountPoint(store, point).then(() => []),
  gc: (store: Store) => collectGarbage(store, 2).then(() => []),
} satisfies Record<string, (store: Store, step: Step) => Promise<string[]>>;

/** All that must still be there afterwards: every name, and the instances that a point, a pin or a mount needs. */
async function neededIn(store: Store): Promise<string[]> {
  const points = await allPoints(store);
  const instances = await allInstances(store);
  const held = instances.filter((instance) => {
    const point = points.find(({ name }) => name === instance.point);
    const wasShown = point?.activations.some((one) => one.instance === instance.number);
    return (
      instance.pinned || isMounted(store, instance) || !wasShown || point?.steps.slice(-2).includes(instance.number)
    );
  });
  return [
    ...(await allLayers(store)).map(({ name }) => name),
    ...points.map(({ name }) => name),
    ...held.map(({ point, number }) => `${point}.${number}`),
  ];
}

describe(`layers, instances and stackpoints (IMAGE_FACTORY_SEED=${seed})`, () => {
  let test: TestStore;

  before(function () {
    rootOnly(this);
  });

  beforeEach(() => (test = new TestStore()));
  afterEach(() => test.remove());

  it('stay as long as anything needs them, whatever is deleted and collected', async () => {
    const store = await test.open();
    const step = fc.record({
      what: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
      layer: fc.constantFrom(...layers),
      parent: fc.constantFrom(undefined, ...layers),
      point: fc.constantFrom('p1', 'p2'),
      number: fc.integer({ min: 1, max: 6 }),
    });
    const outcomes = { done: 0, refused: 0 };
    for (const one of fc.sample(step, { numRuns: 400, seed })) {
      const needed = await neededIn(store);
      let removed: string[] = [];
      try {
        removed = await steps[one.what](store, one);
        outcomes.done++;
      } catch (error) {
        if (!(error instanceof Failure || error instanceof UsageError)) throw error;
        outcomes.refused++;
      }
      // As every command does that deletes.
      await emptyTrash(store);
      const there = [
        ...[...(await allLayers(store)), ...(await allPoints(store))].map(({ name }) => name),
        ...(await allInstances(store)).map(({ point, number }) => `${point}.${number}`),
      ];
      const missing = needed.filter((name) => !there.includes(name) && !removed.includes(name));
      expect(missing, JSON.stringify(one)).to.deep.equal([]);
    }
    expect(outcomes.done).to.be.greaterThan(20);
    expect(outcomes.refused).to.be.greaterThan(20);
    expect(await repair(store)).to.deep.equal([]);
  });
});
