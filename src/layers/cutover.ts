import { rmdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, UsageError } from '../host/failure.js';
import { mountsHere } from '../host/mounts.js';
import { closedLayer } from './layers.js';
import {
  allInstances,
  findInstance,
  type Instance,
  isMounted,
  makeInstance,
  mountInstance,
  mountPointOf,
  readInstance,
  unusedMountPoints,
} from './instances.js';
import { sourceOf } from './mount-table.js';
import { spelled, type InstanceName } from './names.js';
import { unmount } from './overlay-mount.js';
import { settle, show, type Activation, type Point, type PointRecord } from './points.js';
import { writeRecord } from './record.js';
import { changing, within, type Store } from './store.js';
import { toTrash } from './trash.js';

/**
 * The time between the change of the link and the unmounting of what it showed, in milliseconds. A process that was just
 * following the link still finds the old files; it needs microseconds for the rest of its way.
 */
const grace = 50;

/** The options of {@link cutover}. */
export interface CutoverOptions {
  /** Which instance: a fresh one, or the latest of the layer if the point has one. */
  readonly instance: 'fresh' | 'latest';
}

/**
 * Lets a stackpoint show an instance of another layer. The new instance is made, mounted and read before the point
 * changes; if any of that fails, the point stays as it was.
 */
export async function cutover(store: Store, name: string, layer: string, options: CutoverOptions): Promise<Point> {
  return changing(store, async () => {
    const point = await settle(store, name);
    const latest = options.instance === 'latest' ? await latestOf(store, name, layer) : undefined;
    if (latest === undefined) {
      const made = await addInstance(store, point, layer);
      try {
        return await activate(store, { ...point, next: made.number + 1 }, made, 'cutover');
      } catch (error) {
        await discard(store, made);
        throw error;
      }
    }
    return latest.number === point.current ? point : activate(store, point, latest, 'cutover');
  });
}

async function latestOf(store: Store, point: string, layer: string): Promise<Instance | undefined> {
  return (await allInstances(store, point)).filter((instance) => instance.layer === layer).at(-1);
}

/** Where `fallback` goes: so many steps back, or to an instance. */
export type FallbackTo = { readonly steps: number } | { readonly instance: InstanceName };

/** Lets a stackpoint show an instance that it showed before, with all changes that were made in it. */
export async function fallback(store: Store, name: string, to: FallbackTo): Promise<Point> {
  return changing(store, async () => {
    const point = await settle(store, name);
    const number = 'steps' in to ? stepsBack(point, to.steps) : instanceOf(point, to.instance);
    const instance = await findInstance(store, { point: name, number });
    return number === point.current ? point : activate(store, point, instance, 'fallback');
  });
}

function stepsBack(point: Point, steps: number): number {
  const number = point.steps.at(-1 - steps);
  if (number !== undefined) return number;
  const possible = point.steps.length - 1;
  const others = [...new Set(point.activations.map(({ instance }) => instance))].filter((one) => one !== point.current);
  throw new Failure(
    possible === 0
      ? `stackpoint '${point.name}' has no step back: ${spelled(currentOf(point))} is the first instance that it showed`
      : `stackpoint '${point.name}': ${steps} steps back, and there ${possible === 1 ? 'is 1' : `are ${possible}`}`,
    {
      hint:
        others.length === 0
          ? undefined
          : `To go to any instance: image-factory stackpoint fallback ${point.name} --to ${point.name}.${others.at(-1)}`,
    },
  );
}

function instanceOf(point: Point, { point: named, number }: InstanceName): number {
  if (named === point.name) return number;
  throw new UsageError([`instance ${named}.${number} belongs to stackpoint '${named}', not to '${point.name}'`]);
}

export function currentOf({ name, current }: Point): InstanceName {
  return { point: name, number: current };
}

/** Makes a fresh instance of a layer for a point, and does not show it. To be called by {@link changing}. */
async function addInstance(store: Store, point: Pick<Point, 'name' | 'next'>, layer: string): Promise<InstanceName> {
  const top = await closedLayer(store, layer);
  const instance = { point: point.name, number: point.next };
  // What a process left that ended before its instance was shown to anybody.
  if (await readInstance(store, instance).catch(() => true)) await discard(store, instance);
  await makeInstance(store, instance, top);
  return instance;
}

async function activate(
  store: Store,
  point: Point,
  { number }: InstanceName,
  by: 'cutover' | 'fallback',
): Promise<Point> {
  const { name } = point;
  const instance = await findInstance(store, { point: name, number });
  const before = isMounted(store, instance);
  await mountInstance(store, instance);
  const activation: Activation = { instance: number, layer: instance.layer, at: new Date().toISOString(), by };
  const at = point.steps.lastIndexOf(number);
  const steps = by === 'fallback' && at >= 0 ? point.steps.slice(0, at + 1) : [...point.steps, number];
  const { created, next, activations } = point;
  const record: PointRecord = { created, next, activations: [...activations, activation], steps };
  try {
    await show(store, name, record);
  } catch (error) {
    if (!before && (await settle(store, name)).current !== number)
      await unmount(store, { instance: spelled(instance) });
    throw error;
  }
  await retire(store, name, number);
  return { ...record, name, current: number };
}

/**
 * Unmounts what a point no longer shows: the instance before, and those that were still used when their turn was. One
 * that is still used stays, until the next cutover or `gc`.
 */
async function retire(store: Store, name: string, current: number): Promise<void> {
  const prefix = sourceOf(store, { instance: `${name}.` });
  const mounted = mountsHere().flatMap(({ source }) =>
    source.startsWith(prefix) ? [source.slice(prefix.length)] : [],
  );
  for (const number of new Set(mounted.filter((text) => /^\d+$/.test(text)).map(Number))) {
    if (number === current) continue;
    const instance = { point: name, number };
    try {
      await persistently(() => unmountInstance(store, instance));
    } catch (error) {
      store.host.log.warn(
        `${(error as Error).message}; it stays mounted until 'image-factory layer gc' finds it unused`,
      );
    }
  }
  // Those of instances that were unmounted while the point showed them: its link led there until now.
  for (const path of await unusedMountPoints(store, name, current)) await rmdir(path).catch(() => undefined);
}

/** Processes that read a file now and then use a mount for moments only. */
async function persistently(action: () => Promise<void>): Promise<void> {
  for (let attempts = 2; ; attempts--) {
    await sleep(grace);
    try {
      return await action();
    } catch (error) {
      if (attempts === 0) throw error;
    }
  }
}

/** Unmounts an instance, and removes its mount point. */
export async function unmountInstance(store: Store, instance: InstanceName): Promise<void> {
  await unmount(store, { instance: spelled(instance) });
  await rmdir(mountPointOf(store, instance)).catch(() => undefined);
}

/** Removes an instance that no point has shown. */
async function discard(store: Store, instance: InstanceName): Promise<void> {
  await unmountInstance(store, instance);
  await toTrash(store, within(store, 'instances', spelled(instance)));
}

/** Makes an instance that a later cutover may show. */
export async function newInstance(store: Store, name: string, layer: string): Promise<InstanceName> {
  return changing(store, async () => {
    const point = await settle(store, name);
    const made = await addInstance(store, point, layer);
    const { created, activations, steps } = point;
    const record: PointRecord = { created, next: made.number + 1, activations, steps };
    await writeRecord(within(store, 'points', name, 'point.json'), record);
    return made;
  });
}
