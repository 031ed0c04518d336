import { relative } from 'node:path';
import { allInstances, isMounted, type Instance } from './instances.js';
import { leftoversIn } from './leftovers.js';
import { userOf } from './mount-table.js';
import { spelled } from './names.js';
import { forget, trashInstance } from './point-changes.js';
import { unmountInstance } from './cutover.js';
import { allPoints, settle, type Point } from './points.js';
import { changing, within, type Store } from './store.js';
import { emptyTrash } from './trash.js';

/** Something that `gc` removes, or unmounts. */
export interface Garbage {
  /** Relative to the store. */
  readonly path: string;
  readonly what: string;
}

interface Found extends Garbage {
  readonly remove: () => Promise<unknown>;
}

/** The fewest instances that a stackpoint keeps: the current one, and the one before it. */
export const fewestKept = 2;

/**
 * What nothing in the store leads to, and the instances that stackpoints showed before their last ones. An instance that
 * is pinned, mounted or used is none of them, and so is one that no point has shown yet.
 *
 * @param keep how many instances each stackpoint keeps, counted from its last activation; undefined: all
 */
export async function garbageIn(store: Store, keep: number | undefined): Promise<Garbage[]> {
  return changing(store, async () => (await collect(store, keep)).map(({ path, what }) => ({ path, what })));
}

/** Removes it. */
export async function collectGarbage(store: Store, keep: number | undefined): Promise<Garbage[]> {
  const removed = await changing(store, async () => {
    const done: Garbage[] = [];
    for (const { path, what, remove } of await collect(store, keep)) {
      if ((await remove()) !== 'in use') done.push({ path, what });
    }
    return done;
  });
  await emptyTrash(store);
  return removed;
}

async function collect(store: Store, keep: number | undefined): Promise<Found[]> {
  const found: Found[] = await leftoversIn(store);
  for (const point of await allPoints(store)) {
    const kept = lastShown(point, Math.max(keep ?? Infinity, fewestKept));
    for (const instance of await allInstances(store, point.name)) {
      if (instance.number === point.current) continue;
      const isOld = point.activations.some((one) => one.instance === instance.number) && !kept.has(instance.number);
      if (isOld && !instance.pinned && !isUsed(store, instance)) found.push(oldInstance(store, instance));
      else if (isMounted(store, instance)) found.push(oldMount(store, instance));
    }
  }
  return found.map((each) => ({ ...each, path: relative(store.directory, each.path) }));
}

/** The instances that a point showed last, the current one among them. */
function lastShown({ activations, current, steps }: Point, count: number): Set<number> {
  const kept = new Set([current, ...steps.slice(-fewestKept)]);
  for (const { instance } of [...activations].reverse()) {
    if (kept.size >= count) break;
    kept.add(instance);
  }
  return kept;
}

function isUsed(store: Store, instance: Instance): boolean {
  return userOf(store, { instance: spelled(instance) }) !== undefined;
}

function oldInstance(store: Store, instance: Instance): Found {
  return {
    path: within(store, 'instances', spelled(instance)),
    what: `an old instance of layer '${instance.layer}'`,
    async remove() {
      await forget(store, await settle(store, instance.point), instance.number);
      await trashInstance(store, instance);
    },
  };
}

function oldMount(store: Store, instance: Instance): Found {
  return {
    path: within(store, 'points', instance.point, 'mounts', `${instance.number}`),
    what: 'the mount of an instance that is no longer shown',
    remove: () => unmountInstance(store, instance).catch(() => 'in use'),
  };
}
