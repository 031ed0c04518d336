import { findLayer } from './layers.js';
import { makeInstance } from './instances.js';
import { spelled } from './names.js';
import type { PointRecord } from './points.js';
import { commitPoint, expectNoPoint } from './point-changes.js';
import { changing, syncTree, within, type Store } from './store.js';

/** An instance that another program made. */
export interface ForeignInstance {
  readonly layer: string;
  /** Puts what was changed in it into an empty upper directory. */
  readonly fill: (upper: string) => Promise<void>;
}

/** Makes a stackpoint that has shown these instances, one after the other, and shows the last one. */
export async function importPoint(store: Store, name: string, history: readonly ForeignInstance[]): Promise<void> {
  await changing(store, async () => {
    await expectNoPoint(store, name);
    for (const [index, { layer, fill }] of history.entries()) {
      const instance = { point: name, number: index + 1 };
      await makeInstance(store, instance, await findLayer(store, layer));
      await fill(within(store, 'instances', spelled(instance), 'upper'));
    }
    await syncTree(store, within(store, 'instances'));
    const created = new Date().toISOString();
    const record: PointRecord = {
      created,
      next: history.length + 1,
      activations: history.map(({ layer }, index) => ({
        instance: index + 1,
        layer,
        at: created,
        by: index === 0 ? 'new' : 'cutover',
      })),
      steps: history.map((_, index) => index + 1),
    };
    await commitPoint(store, name, record);
  });
}
