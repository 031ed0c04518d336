import { randomBytes } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, UnknownName } from '../host/failure.js';
import { chainOf, type Layer } from './layers.js';
import { mountPointsOf, userOf } from './mount-table.js';
import { parseInstanceName, spelled, type InstanceName } from './names.js';
import { mountOverlay } from './overlay-mount.js';
import { readRecord, syncDirectory, writeRecord } from './record.js';
import { allIn, namesIn, within, type Store } from './store.js';
import { makeChanges } from './upper-directory.js';

/** What `instance.json` says. */
export interface InstanceRecord {
  readonly layer: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  /** `gc` and `delete-instance` keep it. */
  readonly pinned?: boolean;
}

export interface Instance extends InstanceRecord, InstanceName {}

/** @throws UnknownName if there is none of that name */
export async function findInstance(store: Store, name: InstanceName): Promise<Instance> {
  const record = await readInstance(store, name);
  if (record) return record;
  const others = (await namesIn(within(store, 'instances'))).filter(
    (other) => parseInstanceName(other)?.point === name.point,
  );
  throw new UnknownName(`there is no instance ${spelled(name)}`, {
    hint:
      others.length > 0 ? `There are ${others.join(', ')}.` : "'image-factory stackpoint list' shows all stackpoints.",
  });
}

/** @returns undefined if there is none of that name */
export async function readInstance(store: Store, name: InstanceName): Promise<Instance | undefined> {
  const record = await readRecord<InstanceRecord>(within(store, 'instances', spelled(name), 'instance.json'));
  return record && { ...record, ...name };
}

/** All instances, or those of one point, by number. A damaged one stops nothing else: it is told to `damaged`. */
export async function allInstances(
  store: Store,
  point?: string,
  damaged: (name: string) => void = () => undefined,
): Promise<Instance[]> {
  const find = async (text: string) => {
    const name = parseInstanceName(text);
    if (name === undefined) throw new Failure(`'${text}' is no name of an instance`);
    return point === undefined || name.point === point ? [await findInstance(store, name)] : [];
  };
  const instances = (await allIn(within(store, 'instances'), find, damaged)).flat();
  return instances.sort((one, other) => one.point.localeCompare(other.point) || one.number - other.number);
}

/** Makes an instance of a closed layer. One rename puts it into the store. To be called by {@link changing}. */
export async function makeInstance(store: Store, name: InstanceName, layer: Layer): Promise<void> {
  const stage = within(store, 'staging', randomBytes(8).toString('hex'));
  await mkdir(stage, { mode: 0o700 });
  await makeChanges(stage, 'upper', layer.tree);
  const record: InstanceRecord = { layer: layer.name, created: new Date().toISOString() };
  await writeRecord(join(stage, 'instance.json'), record);
  await rename(stage, within(store, 'instances', spelled(name)));
  await syncDirectory(within(store, 'instances'));
  await syncDirectory(within(store, 'staging'));
}

/** Where an instance is mounted. */
export function mountPointOf(store: Store, { point, number }: InstanceName): string {
  return within(store, 'points', point, 'mounts', `${number}`);
}

/** Whether this process sees it mounted. */
export function isMounted(store: Store, name: InstanceName): boolean {
  return mountPointsOf(store, { instance: spelled(name) }).length > 0;
}

/** Mounts an instance, unless it is. To be called by {@link changing}. */
export async function mountInstance(store: Store, instance: Instance): Promise<void> {
  if (isMounted(store, instance)) return;
  await mkdir(mountPointOf(store, instance), { recursive: true });
  const directory = join('..', 'instances', spelled(instance));
  await mountOverlay(store, {
    mounted: { instance: spelled(instance) },
    layers: await layersOf(store, instance),
    changes: { upper: join(directory, 'upper'), work: join(directory, 'work') },
    at: join('..', 'points', instance.point, 'mounts', `${instance.number}`),
  });
}

async function layersOf(store: Store, instance: Instance): Promise<Layer[]> {
  try {
    return await chainOf(store, instance.layer);
  } catch (error) {
    if (!(error instanceof UnknownName)) throw error;
    throw new Failure(`instance ${spelled(instance)}: its layer '${instance.layer}' is missing`, { cause: error });
  }
}

/** Mount points of a stackpoint, in the store, that nobody needs: not of the current instance, and mounted for no process. */
export async function unusedMountPoints(store: Store, point: string, current: number): Promise<string[]> {
  const names = await namesIn(within(store, 'points', point, 'mounts'));
  return names
    .filter((number) => Number(number) !== current && userOf(store, { instance: `${point}.${number}` }) === undefined)
    .map((number) => within(store, 'points', point, 'mounts', number));
}
