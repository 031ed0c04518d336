import { Failure } from '../host/failure.js';
import { closeLayer } from '../layers/edit.js';
import { allInstances, type Instance } from '../layers/instances.js';
import { allLayers, findLayer } from '../layers/layers.js';
import { mountPointsOf } from '../layers/mount-table.js';
import { allPoints, directoryOf, findPoint, type Point } from '../layers/points.js';
import type { Store } from '../layers/store.js';

/** A command of Stacko's: its arguments, and what it does and says. */
export interface StackoCommand {
  readonly usage: string;
  readonly least: number;
  readonly most: number;
  readonly flags?: readonly string[];
  /** For commands that only root can run: what an ordinary user types instead. */
  readonly asRoot?: (operands: readonly string[]) => string;
  readonly action: (store: Store, operands: readonly string[], flags: ReadonlySet<string>) => Promise<void>;
}

/** As Python writes a string, or its absence. */
export function quoted(text: string | undefined): string {
  return text === undefined ? 'None' : `'${text}'`;
}

export function tellMountPoint(store: Store, name: string): void {
  console.log(`mount-point=${quoted(directoryOf(store, name))}`);
}

export async function expectImage(store: Store, name: string): Promise<void> {
  if (!(await allLayers(store)).some((layer) => layer.name === name))
    throw new Failure(`Image does not exist: ${name}`);
}

export async function expectPoint(store: Store, name: string): Promise<Point> {
  if ((await allPoints(store)).some((each) => each.name === name)) return findPoint(store, name);
  throw new Failure(`Point does not exist: ${name}`);
}

/** Stacko built on images that were never closed. Here they are closed first, unless they are being edited. */
export async function closedIfPossible(store: Store, name: string): Promise<void> {
  await expectImage(store, name);
  if ((await findLayer(store, name)).state === 'closed') return;
  if (mountPointsOf(store, { layer: name }).length > 0) {
    throw new Failure(`Image is being edited: ${name}. Use 'close-image' first`);
  }
  await closeLayer(store, name);
  store.host.log.info(`closed image '${name}', on which something is built now`);
}

export async function instanceOf(store: Store, name: string, layer: string, otherwise: string): Promise<Instance> {
  await expectPoint(store, name);
  const found = (await allInstances(store, name)).filter((instance) => instance.layer === layer).at(-1);
  if (found === undefined) throw new Failure(otherwise);
  return found;
}

/** Stacko's instances are named by their stackpoints; a number tells several of one layer apart. */
export function shownNames(instances: readonly Instance[]): string[] {
  return instances.map(({ point: name, number }) =>
    instances.filter((each) => each.point === name).length > 1 ? `${name}.${number}` : name,
  );
}

export function block(heading: string, lines: readonly string[]): void {
  console.log(`${heading}:`);
  if (lines.length === 0) console.log('    <no instances>');
  lines.forEach((line, at) => console.log(` ${at === lines.length - 1 ? '└──' : '├──'} ${line}`));
}
