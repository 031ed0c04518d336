import { Failure } from '../host/failure.js';
import { newInstance } from '../layers/cutover.js';
import { allInstances, isMounted } from '../layers/instances.js';
import { deleteInstance } from '../layers/point-changes.js';
import type { Store } from '../layers/store.js';
import { emptyTrash } from '../layers/trash.js';
import { closedIfPossible, expectPoint, instanceOf } from './stacko-words.js';

/** Makes an instance of an image for a point, one of each image. */
export async function addInstance(store: Store, name: string, layer: string): Promise<void> {
  await expectPoint(store, name);
  await closedIfPossible(store, layer);
  if ((await allInstances(store, name)).some((instance) => instance.layer === layer)) {
    throw new Failure(`Image instance already exists: ${name}`);
  }
  await newInstance(store, name, layer);
}

/** Deletes a point's instance of an image. */
export async function deleteOne(store: Store, name: string, layer: string): Promise<void> {
  const { current } = await expectPoint(store, name);
  const instance = await instanceOf(store, name, layer, `Image instance does not exist: ${name}`);
  if (instance.number === current) {
    throw new Failure(
      `Cannot delete the Point's main instance, cutover to another instance before deleting: point=${name} image=${layer}`,
    );
  }
  if (isMounted(store, instance)) throw new Failure(`Cannot delete a mounted instances: ${name}`);
  await deleteInstance(store, instance);
  await emptyTrash(store);
}
