import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { nearestWord } from '../config/suggestion.js';
import { UnknownName } from '../host/failure.js';
import { pointName } from './names.js';
import { readRecord, syncDirectory, writeRecord } from './record.js';
import { allIn, namesIn, within, type Store } from './store.js';

/** That a stackpoint began to show an instance. */
export interface Activation {
  readonly instance: number;
  readonly layer: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: 'new' | 'cutover' | 'fallback';
}

/** What `point.json` says. */
export interface PointRecord {
  readonly created: string;
  /** The number of the next new instance: none is given twice. */
  readonly next: number;
  /** Every activation of an instance that is still there, the latest last. */
  readonly activations: readonly Activation[];
  /**
   * The instances that led here, the current one last: `fallback N` goes back N of them. A cutover adds one; a fallback
   * takes away what it leaves.
   */
  readonly steps: readonly number[];
}

export interface Point extends PointRecord {
  readonly name: string;
  /** The instance that it shows. */
  readonly current: number;
}

/**
 * A point as it is: if a process ended during a change, the link that the change replaces says whether it took place.
 *
 * @throws UnknownName with the nearest point, if there is none of that name
 */
export async function findPoint(store: Store, name: string): Promise<Point> {
  const record = await readRecord<PointRecord>(within(store, 'points', pointName(name), 'point.json'));
  if (record === undefined) {
    const nearest = nearestWord(name, await namesIn(within(store, 'points')));
    throw new UnknownName(`there is no stackpoint '${name}'`, {
      hint:
        nearest === undefined ? "'image-factory stackpoint list' shows all stackpoints." : `Did you mean '${nearest}'?`,
    });
  }
  const intended = await readRecord<PointRecord>(intentOf(store, name));
  const shown = await instanceShown(store, name);
  const valid = intended !== undefined && shown === intended.steps.at(-1) ? intended : record;
  return { ...valid, name, current: valid.steps.at(-1) ?? 0 };
}

/** All points, by name. A damaged one stops nothing else: it is told to `damaged`. */
export async function allPoints(store: Store, damaged: (name: string) => void = () => undefined): Promise<Point[]> {
  return allIn(within(store, 'points'), (name) => findPoint(store, name), damaged);
}

/** The path that always leads to the current instance, where that is mounted. */
export function directoryOf(store: Store, name: string): string {
  return within(store, 'points', pointName(name), 'root');
}

/** The number of the instance to which a point's link leads; undefined without one. */
export async function instanceShown(store: Store, name: string): Promise<number | undefined> {
  const target = await readlink(directoryOf(store, name)).catch(() => '');
  const digits = /^mounts\/(\d+)$/.exec(target)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function intentOf(store: Store, name: string): string {
  return within(store, 'points', name, 'intent.json');
}

/**
 * Lets a point show another instance. The rename of its link is the moment: until then, it shows the old one.
 *
 * What is intended lies beside the record first, so that a process that ends in between can be told from one that never
 * began: {@link settle}.
 */
export async function show(store: Store, name: string, record: PointRecord): Promise<void> {
  const directory = within(store, 'points', name);
  await writeRecord(intentOf(store, name), record);
  await pointTo(store, name, record.steps.at(-1) as number);
  await rename(intentOf(store, name), join(directory, 'point.json'));
  await syncDirectory(directory);
}

/** Ends a change that a process did not end, as {@link findPoint} sees it. To be called by {@link changing}. */
export async function settle(store: Store, name: string): Promise<Point> {
  const point = await findPoint(store, name);
  const intended = await readRecord<PointRecord>(intentOf(store, name));
  if (intended === undefined) return point;
  const directory = within(store, 'points', name);
  if (intended.steps.at(-1) === point.current) await rename(intentOf(store, name), join(directory, 'point.json'));
  else await rm(intentOf(store, name));
  await rm(join(directory, '.root.new'), { force: true });
  await syncDirectory(directory);
  return point;
}

/** Makes a point's link, or puts another one in its place, in one rename. To be called by {@link changing}. */
export async function pointTo(store: Store, name: string, instance: number): Promise<void> {
  const directory = within(store, 'points', name);
  await rm(join(directory, '.root.new'), { force: true });
  await symlink(`mounts/${instance}`, join(directory, '.root.new'));
  await rename(join(directory, '.root.new'), join(directory, 'root'));
  await syncDirectory(directory);
}
