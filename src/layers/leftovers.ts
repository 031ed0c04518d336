import { existsSync } from 'node:fs';
import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDirectoryHeld, unlessHeld } from '../host/directory-lock.js';
import { allInstances, isMounted, unusedMountPoints } from './instances.js';
import { allLayers } from './layers.js';
import { mountPointsOf, userOf } from './mount-table.js';
import { spelled } from './names.js';
import { trashInstance } from './point-changes.js';
import { allPoints } from './points.js';
import { namesIn, storeDirectories, within, type Store } from './store.js';
import { toTrash } from './trash.js';

/** Something that a process left which ended before it was done, and that nothing in the store needs. */
export interface Leftover {
  /** In the store. */
  readonly path: string;
  readonly what: string;
  /** To be called by {@link changing}. Removing another leftover may have removed it already. */
  readonly remove: () => Promise<void>;
}

/** Everything of the kind. To be called by {@link changing}: what other processes make at this moment is not meant. */
export async function leftoversIn(store: Store): Promise<Leftover[]> {
  return [
    ...(await unfinished(store)),
    ...(await unfinishedRecords(store)),
    ...(await deadLinks(store)),
    ...(await orphans(store)),
    ...(await ofClosing(store)),
    ...(await ofMounting(store)),
  ];
}

/** Takes away what lies in `staging` and no process holds. It needs no lock of the store. */
export async function clearStaging(store: Store): Promise<void> {
  for (const name of await namesIn(within(store, 'staging'))) await takeAway(store, within(store, 'staging', name));
}

async function takeAway(store: Store, path: string): Promise<void> {
  const remove = () => toTrash(store, path);
  // A process takes a directory before it uses it; whatever else lies there is no process's.
  if (await isDirectory(path)) await unlessHeld(store.host, path, remove);
  else if (existsSync(path)) await remove();
}

async function isDirectory(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function unfinished(store: Store): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const name of await namesIn(within(store, 'staging'))) {
    const path = within(store, 'staging', name);
    // One that is gone meanwhile was in use.
    const isHeld = (await isDirectory(path)) && (await isDirectoryHeld(store.host, path).catch(() => true));
    if (isHeld || !existsSync(path)) continue;
    found.push({ path, what: 'something unfinished', remove: () => takeAway(store, path) });
  }
  for (const name of await namesIn(within(store, 'trash'))) {
    const path = within(store, 'trash', name);
    // emptyTrash removes it, without the lock.
    found.push({ path, what: 'deleted already', remove: () => Promise.resolve() });
  }
  return found;
}

/** Records under the name that they have until they are whole, and links the same. */
async function unfinishedRecords(store: Store): Promise<Leftover[]> {
  const places = [store.directory];
  for (const area of ['layers', 'points', 'instances'] as const) {
    for (const name of await namesIn(within(store, area))) places.push(within(store, area, name));
  }
  const found: Leftover[] = [];
  for (const place of places) {
    for (const name of await readdir(place).catch(() => [])) {
      if (!/^\..*\.new$/.test(name)) continue;
      found.push({
        path: join(place, name),
        what: 'an unfinished record',
        remove: () => rm(join(place, name), { force: true }),
      });
    }
  }
  return found;
}

async function deadLinks(store: Store): Promise<Leftover[]> {
  const names = await namesIn(within(store, 'l'));
  return names
    .map((name) => within(store, 'l', name))
    .filter((path) => !existsSync(path))
    .map((path) => ({
      path,
      what: 'a link to no layer',
      // It may lead to a layer by now: repairing that one restores it.
      remove: async () => (existsSync(path) ? undefined : rm(path, { force: true })),
    }));
}

/** Instances that no point has shown or could show. */
async function orphans(store: Store): Promise<Leftover[]> {
  const damaged: string[] = [];
  const points = await allPoints(store, (name) => damaged.push(name));
  const instances = await allInstances(store);
  return instances
    .filter(({ point, number }) => {
      if (damaged.includes(point)) return false;
      const owner = points.find(({ name }) => name === point);
      return owner === undefined || number >= owner.next;
    })
    .filter((instance) => userOf(store, { instance: spelled(instance) }) === undefined || isMounted(store, instance))
    .map((instance) => ({
      path: within(store, 'instances', spelled(instance)),
      what: 'an instance that no stackpoint has shown',
      remove: () => trashInstance(store, instance),
    }));
}

/** What closing a layer, or opening it again, did not get to. */
async function ofClosing(store: Store): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const { name, state } of await allLayers(store)) {
    const path = within(store, 'layers', name, state === 'closed' ? 'work' : 'manifest');
    if (!existsSync(path) || (await isDirectoryHeld(store.host, within(store, 'layers', name)))) continue;
    const what = state === 'closed' ? "overlayfs's directory of a closed layer" : 'the manifest of an open layer';
    found.push({ path, what, remove: () => rm(path, { recursive: true, force: true }) });
  }
  return found;
}

async function ofMounting(store: Store): Promise<Leftover[]> {
  const found: Leftover[] = [];
  const add = (path: string) => found.push({ path, what: 'an unused mount point', remove: () => removeIfThere(path) });
  for (const name of await namesIn(within(store, 'edits'))) {
    const isUsed = [{ layer: name }, { view: name }].some(
      (mounted) => mountPointsOf(store, mounted).length > 0 || userOf(store, mounted) !== undefined,
    );
    if (!isUsed) add(within(store, 'edits', name));
  }
  for (const { name, current } of await allPoints(store)) {
    for (const path of await unusedMountPoints(store, name, current)) add(path);
  }
  return found;
}

/** Removes an empty directory. */
async function removeIfThere(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Names that have no place in a store: nothing of ours made them, so nothing of ours removes them. */
export async function foreignIn(store: Store): Promise<string[]> {
  const top = ['format', 'lock', '.format.new', 'lost+found', ...Object.keys(storeDirectories)];
  const expected = {
    layers: ['layer.json', 'manifest', 'tree', 'work'],
    points: ['point.json', 'intent.json', 'mounts', 'root'],
    instances: ['instance.json', 'upper', 'work'],
  };
  const found = (await namesIn(store.directory))
    .filter((name) => !top.includes(name))
    .map((name) => join(store.directory, name));
  for (const [area, names] of Object.entries(expected) as [keyof typeof expected, string[]][]) {
    for (const owner of await namesIn(within(store, area))) {
      const inside = await readdir(within(store, area, owner)).catch(() => undefined);
      if (inside === undefined) found.push(within(store, area, owner));
      const foreign = (inside ?? []).filter((name) => !names.includes(name) && !/^\..*\.new$/.test(name));
      found.push(...foreign.map((name) => within(store, area, owner, name)));
    }
  }
  return found;
}
