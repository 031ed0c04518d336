import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDirectoryHeld, holdDirectory } from '../host/directory-lock.js';
import { Failure } from '../host/failure.js';
import { allInstances } from './instances.js';
import { allLayers, chainOf, findLayer, type Layer, type LayerRecord } from './layers.js';
import { freeze } from './freeze.js';
import { mountPointsOf } from './mount-table.js';
import { layerName, spelled } from './names.js';
import { expectUnused, mountOverlay, unmount } from './overlay-mount.js';
import { writeRecord } from './record.js';
import { changing, within, type Store } from './store.js';
import { toTrash } from './trash.js';

/**
 * Mounts a layer so that changes in it become its own. A closed layer that nothing is built on is opened again.
 *
 * @returns the mount point; it is the same if the layer is mounted already
 */
export async function mountForEditing(store: Store, name: string): Promise<string> {
  return changing(store, async () => {
    const layer = await findLayer(store, name);
    await expectEditable(store, layer);
    const at = within(store, 'edits', name);
    if (mountPointsOf(store, { layer: name }).length > 0) return at;
    expectUnused(store, { view: name });
    if (layer.state === 'closed') await reopen(store, layer);
    await mkdir(at, { recursive: true });
    await mkdir(join(within(store, 'layers', name), 'work'), { recursive: true, mode: 0o700 });
    const directory = join('..', 'layers', name);
    await mountOverlay(store, {
      mounted: { layer: name },
      layers: (await chainOf(store, name)).slice(1),
      changes: { upper: join(directory, 'tree'), work: join(directory, 'work') },
      at: join('..', 'edits', name),
    });
    return at;
  });
}

/** Mounts a layer with all below it, read-only. */
export async function mountForReading(store: Store, name: string): Promise<string> {
  return changing(store, async () => {
    const at = within(store, 'edits', layerName(name));
    if (mountPointsOf(store, { view: name }).length > 0) return at;
    expectUnused(store, { layer: name });
    await mkdir(at, { recursive: true });
    await mountOverlay(store, {
      mounted: { view: name },
      layers: await chainOf(store, name),
      at: join('..', 'edits', name),
    });
    return at;
  });
}

async function expectEditable(store: Store, { name, state, sealed }: Layer): Promise<void> {
  await expectNotClosing(store, name);
  if (state === 'open') return;
  if (sealed) {
    throw new Failure(`layer '${name}' is sealed: its files can't be changed any more`, {
      hint: `Make a layer over it: image-factory layer new NAME ${name}`,
    });
  }
  const users = await usersOf(store, name);
  if (users.length === 0) return;
  throw new Failure(`layer '${name}' can't be edited again: ${users.join(', ')} would change with it`, {
    hint: `Make a layer over it: image-factory layer new NAME ${name}`,
  });
}

async function expectNotClosing(store: Store, name: string): Promise<void> {
  if (!(await isDirectoryHeld(store.host, within(store, 'layers', name)))) return;
  throw new Failure(`layer '${name}' is being closed by another process`, { hint: 'Wait for it to finish.' });
}

/** What is built on a layer: child layers and instances, as messages name them. */
export async function usersOf(store: Store, name: string): Promise<string[]> {
  const children = (await allLayers(store)).filter(({ parent }) => parent === name);
  const instances = (await allInstances(store)).filter(({ layer }) => layer === name);
  return [
    ...children.map((child) => `layer '${child.name}'`),
    ...instances.map((instance) => `instance ${spelled(instance)}`),
  ];
}

async function reopen(store: Store, { name }: Layer): Promise<void> {
  await writeRecord(within(store, 'layers', name, 'layer.json'), { ...(await recordOf(store, name)), state: 'open' });
  await rm(within(store, 'layers', name, 'manifest'), { force: true });
}

/** A layer's record, without what it has from being closed. */
async function recordOf(store: Store, name: string): Promise<LayerRecord> {
  const { number, parent, state, created, origin, image } = await findLayer(store, name);
  return {
    number,
    ...(parent === undefined ? {} : { parent }),
    state,
    created,
    ...(origin === undefined ? {} : { origin }),
    ...(image === undefined ? {} : { image }),
  };
}

/**
 * Closes a layer: it never changes from now on, and gets its content id. A layer that is closed stays as it is.
 *
 * @throws Failure if a process still uses its mount
 */
export async function closeLayer(store: Store, name: string): Promise<Layer> {
  await findLayer(store, name);
  const directory = within(store, 'layers', name);
  const giveBack = await holdDirectory(store.host, directory, `layer '${name}'`);
  try {
    const isClosed = await changing(store, async () => {
      await unmountEdit(store, name);
      return (await findLayer(store, name)).state === 'closed';
    });
    if (isClosed) return await findLayer(store, name);
    // The store is free meanwhile: a large tree takes its time.
    const contentId = await freeze(store, directory, name);
    return await changing(store, async () => {
      const record: LayerRecord = {
        ...(await recordOf(store, name)),
        state: 'closed',
        closed: new Date().toISOString(),
        contentId,
      };
      await rm(join(directory, 'work'), { recursive: true, force: true });
      await writeRecord(join(directory, 'layer.json'), record);
      return findLayer(store, name);
    });
  } finally {
    await giveBack();
  }
}

/** Unmounts what `edit` has mounted. To be called by {@link changing}. */
export async function unmountEdit(store: Store, name: string): Promise<void> {
  for (const mounted of [{ layer: name }, { view: name }]) {
    await unmount(store, mounted);
    expectUnused(store, mounted);
  }
  await rmdir(within(store, 'edits', name)).catch(() => undefined);
}

/**
 * Deletes layers. Of several, a child goes before its parent, in whatever order they are named.
 *
 * @throws Failure before anything is deleted, if one is in use by anything that stays
 */
export async function deleteLayers(store: Store, names: readonly string[]): Promise<void> {
  await changing(store, () => trashLayers(store, names));
}

/** The same, to be called by {@link changing}. */
export async function trashLayers(store: Store, names: readonly string[]): Promise<void> {
  const layers = new Map<string, number>();
  for (const name of names) {
    await findLayer(store, name);
    const users = (await usersOf(store, name)).filter((user) => !names.some((other) => user === `layer '${other}'`));
    if (users.length > 0) {
      throw new Failure(`layer '${name}' is in use by ${users.join(', ')}`, { hint: 'Delete these first.' });
    }
    for (const mounted of [{ layer: name }, { view: name }]) {
      if (mountPointsOf(store, mounted).length > 0) {
        throw new Failure(`layer '${name}' is being edited`, {
          hint: `Close it first: image-factory layer close ${name}`,
        });
      }
      expectUnused(store, mounted);
    }
    await expectNotClosing(store, name);
    layers.set(
      name,
      await chainOf(store, name).then(
        ({ length }) => length,
        () => 0,
      ),
    );
  }
  for (const [name] of [...layers].sort(([, one], [, other]) => other - one)) {
    const { number } = await findLayer(store, name);
    await toTrash(store, within(store, 'layers', name));
    await rm(within(store, 'l', `${number}`), { force: true });
  }
}
