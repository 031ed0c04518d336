import { readlink, rm, symlink } from 'node:fs/promises';
import { relative } from 'node:path';
import { reasonOf } from '../host/errno.js';
import { allInstances } from './instances.js';
import { allLayers, chainOf, findLayer, linkTarget } from './layers.js';
import { foreignIn, leftoversIn } from './leftovers.js';
import { spelled } from './names.js';
import { findPoint, instanceShown, intentOf, pointTo, settle } from './points.js';
import { readRecord, syncDirectory } from './record.js';
import { changing, namesIn, within, type Store } from './store.js';
import { emptyTrash } from './trash.js';

/** Something in the store that is not as it should be. */
export interface Trouble {
  /** In the store, relative to it. */
  readonly path: string;
  readonly what: string;
  /** What `repair` does about it: `removed`, `completed` … undefined if only you can. */
  readonly remedy?: string;
}

interface Found extends Trouble {
  readonly apply?: () => Promise<unknown>;
}

/** Finds what is wrong in the store, and changes nothing. */
export async function troublesIn(store: Store): Promise<Trouble[]> {
  return changing(store, async () => (await examine(store)).map(told));
}

/** Removes what ended processes left, ends what they began, and names what it can't repair. */
export async function repair(store: Store): Promise<Trouble[]> {
  const troubles = await changing(store, async () => {
    const done: Found[] = [];
    // Some troubles hide others: a change that is ended may leave an instance that nothing needs.
    for (;;) {
      const found = await examine(store);
      const isNew = ({ path }: Found) => !done.some((each) => each.path === path);
      const curable = found.filter((each) => each.apply !== undefined && isNew(each));
      if (curable.length === 0) return [...done, ...found.filter(isNew)];
      for (const { apply } of curable) await apply?.();
      done.push(...curable);
    }
  });
  await emptyTrash(store);
  return troubles.map(told);
}

function told({ path, what, remedy }: Found): Trouble {
  return { path, what, ...(remedy === undefined ? {} : { remedy }) };
}

async function examine(store: Store): Promise<Found[]> {
  const found = [
    ...(await troublesOfPoints(store)),
    ...(await troublesOfLayers(store)),
    ...(await troublesOfInstances(store)),
    ...(await leftoversIn(store)).map(({ path, what, remove }) => ({ path, what, remedy: 'removed', apply: remove })),
    ...(await foreignIn(store)).map((path) => ({ path, what: 'not of image-factory' })),
  ];
  return found.map((each) => ({ ...each, path: relative(store.directory, each.path) }));
}

async function troublesOfPoints(store: Store): Promise<Found[]> {
  const found: Found[] = [];
  for (const name of await namesIn(within(store, 'points'))) {
    const path = within(store, 'points', name);
    try {
      const point = await findPoint(store, name);
      const intended = await readRecord(intentOf(store, name));
      if (intended !== undefined) {
        const what = `a change of the stackpoint that was not ended: it shows ${name}.${point.current}`;
        found.push({ path: intentOf(store, name), what, remedy: 'completed', apply: () => settle(store, name) });
      } else if ((await instanceShown(store, name)) !== point.current) {
        const what = `the link does not lead to ${name}.${point.current}`;
        found.push({
          path: within(store, 'points', name, 'root'),
          what,
          remedy: 'restored',
          apply: () => pointTo(store, name, point.current),
        });
      }
    } catch (error) {
      found.push({ path, what: `its record can't be read: ${reasonOf(error)}` });
    }
  }
  return found;
}

async function troublesOfLayers(store: Store): Promise<Found[]> {
  const found: Found[] = [];
  for (const name of await namesIn(within(store, 'layers'))) {
    const path = within(store, 'layers', name);
    try {
      const { number } = await findLayer(store, name);
      const link = within(store, 'l', `${number}`);
      if ((await readlink(link).catch(() => undefined)) !== linkTarget(name)) {
        const apply = async () => {
          await rm(link, { force: true });
          await symlink(linkTarget(name), link);
          await syncDirectory(within(store, 'l'));
        };
        found.push({ path: link, what: `the short name of layer '${name}' is missing`, remedy: 'restored', apply });
      }
      await chainOf(store, name);
    } catch (error) {
      found.push({ path, what: reasonOf(error) });
    }
  }
  return found;
}

async function troublesOfInstances(store: Store): Promise<Found[]> {
  const found: Found[] = [];
  const names = (await allLayers(store)).map(({ name }) => name);
  const damaged = (name: string) =>
    found.push({ path: within(store, 'instances', name), what: "its record can't be read" });
  const instances = await allInstances(store, undefined, damaged);
  for (const instance of instances.filter(({ layer }) => !names.includes(layer))) {
    found.push({
      path: within(store, 'instances', spelled(instance)),
      what: `its layer '${instance.layer}' is missing`,
    });
  }
  for (const name of await namesIn(within(store, 'points'))) {
    const point = await findPoint(store, name).catch(() => undefined);
    if (point === undefined || instances.some((one) => one.point === name && one.number === point.current)) continue;
    found.push({
      path: within(store, 'points', name),
      what: `the instance that it shows, ${name}.${point.current}, is missing; cut over to a layer`,
    });
  }
  return found;
}
