import { randomBytes } from 'node:crypto';
import { mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { currentOf, unmountInstance } from './cutover.js';
import { allInstances, findInstance, makeInstance, mountInstance, type InstanceRecord } from './instances.js';
import { closedLayer } from './layers.js';
import { userOf } from './mount-table.js';
import { pointName, spelled, type InstanceName } from './names.js';
import { findPoint, settle, type Point, type PointRecord } from './points.js';
import { syncDirectory, writeRecord } from './record.js';
import { changing, namesIn, within, type Store } from './store.js';
import { toTrash } from './trash.js';

/** Makes a stackpoint with a first instance of a layer. */
export async function newPoint(store: Store, name: string, layer: string): Promise<Point> {
  return changing(store, async () => {
    const top = await closedLayer(store, layer);
    await expectNoPoint(store, name, layer);
    const first = { point: name, number: 1 };
    await makeInstance(store, first, top);
    const created = new Date().toISOString();
    const activations = [{ instance: 1, layer, at: created, by: 'new' as const }];
    return commitPoint(store, name, { created, next: 2, activations, steps: [1] });
  });
}

/** @throws Failure if there is a stackpoint of that name. What one left that was deleted goes. */
export async function expectNoPoint(store: Store, name: string, layer = 'LAYER'): Promise<void> {
  if ((await namesIn(within(store, 'points'))).includes(pointName(name))) {
    throw new Failure(`there is a stackpoint '${name}' already`, {
      hint: `To let it show another layer: image-factory stackpoint cutover ${name} ${layer}`,
    });
  }
  for (const old of await allInstances(store, name)) await trashInstance(store, old);
}

/** Puts a stackpoint whose instances are there into the store, in one rename. */
export async function commitPoint(store: Store, name: string, record: PointRecord): Promise<Point> {
  const current = record.steps.at(-1) as number;
  const stage = within(store, 'staging', randomBytes(8).toString('hex'));
  await mkdir(join(stage, 'mounts', `${current}`), { recursive: true });
  await symlink(`mounts/${current}`, join(stage, 'root'));
  await writeRecord(join(stage, 'point.json'), record);
  await rename(stage, within(store, 'points', name));
  await syncDirectory(within(store, 'points'));
  return { ...record, name, current };
}

/** Deletes a stackpoint with all its instances. @throws Failure if one is in use or pinned */
export async function deletePoint(store: Store, name: string): Promise<void> {
  await changing(store, async () => {
    await findPoint(store, name);
    const instances = await allInstances(store, name);
    for (const instance of instances) expectDeletable(store, instance, instance.pinned);
    // From here on the instances belong to nothing: what an interruption leaves of them, `gc` removes.
    await toTrash(store, within(store, 'points', name));
    for (const instance of instances) await toTrash(store, within(store, 'instances', spelled(instance)));
  });
}

/** Deletes an instance. @throws Failure if it is shown, in use or pinned */
export async function deleteInstance(store: Store, name: InstanceName): Promise<void> {
  await changing(store, async () => {
    const instance = await findInstance(store, name);
    const point = await settle(store, name.point);
    if (point.current === name.number) {
      throw new Failure(`instance ${spelled(name)} is the one that stackpoint '${name.point}' shows`, {
        hint: `Let it show another one first, or delete the stackpoint: image-factory stackpoint delete ${name.point}`,
      });
    }
    expectDeletable(store, instance, instance.pinned);
    await forget(store, point, name.number);
    await trashInstance(store, name);
  });
}

/** Takes an instance out of its point's history. To be called by {@link changing}, for one that the point does not show. */
export async function forget(store: Store, point: Point, number: number): Promise<Point> {
  const { name, current, ...record } = point;
  const kept: PointRecord = {
    ...record,
    activations: record.activations.filter(({ instance }) => instance !== number),
    steps: record.steps.filter((step) => step !== number),
  };
  await writeRecord(within(store, 'points', name, 'point.json'), kept);
  return { ...kept, name, current };
}

export async function trashInstance(store: Store, name: InstanceName): Promise<void> {
  await unmountInstance(store, name);
  await toTrash(store, within(store, 'instances', spelled(name)));
}

function expectDeletable(store: Store, name: InstanceName, pinned: boolean | undefined): void {
  if (pinned) {
    throw new Failure(`instance ${spelled(name)} is pinned`, {
      hint: `Unpin it first: image-factory stackpoint pin --off ${spelled(name)}`,
    });
  }
  const user = userOf(store, { instance: spelled(name) });
  if (user === undefined) return;
  throw new Failure(`instance ${spelled(name)} is mounted`, {
    hint: `Unmount it first: image-factory stackpoint umount ${name.point}`,
  });
}

/** Keeps an instance from being deleted, or no longer. */
export async function pin(store: Store, name: InstanceName, pinned: boolean): Promise<void> {
  await changing(store, async () => {
    const { layer, created } = await findInstance(store, name);
    const record: InstanceRecord = { layer, created, ...(pinned ? { pinned } : {}) };
    await writeRecord(within(store, 'instances', spelled(name), 'instance.json'), record);
  });
}

/** Mounts what a stackpoint shows, for all to see. @returns whether it was not mounted before */
export async function mountPoint(store: Store, name: string): Promise<Point> {
  return changing(store, async () => {
    const point = await settle(store, name);
    await mountInstance(store, await findInstance(store, currentOf(point)));
    return point;
  });
}

/** Unmounts a stackpoint, and what it showed before if that was still in use. @throws Failure that names the users */
export async function unmountPoint(store: Store, name: string): Promise<void> {
  await changing(store, async () => {
    await findPoint(store, name);
    for (const instance of await allInstances(store, name)) await unmountInstance(store, instance);
  });
}
