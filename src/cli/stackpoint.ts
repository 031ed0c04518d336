import { UsageError } from '../host/failure.js';
import {
  currentOf,
  cutover as cutOver,
  fallback as fallBack,
  unmountInstance,
  type FallbackTo,
} from '../layers/cutover.js';
import { allInstances, isMounted, mountPointOf } from '../layers/instances.js';
import { instanceName, spelled } from '../layers/names.js';
import {
  deleteInstance as deleteOne,
  deletePoint,
  mountPoint,
  newPoint,
  pin as pinInstance,
  unmountPoint,
} from '../layers/point-changes.js';
import { allPoints, directoryOf, findPoint, type Point } from '../layers/points.js';
import { sizesOf } from '../layers/sizes.js';
import { changing, type Store } from '../layers/store.js';
import { emptyTrash } from '../layers/trash.js';
import { runInTree, type HeldFlags } from './held-command.js';
import { printJson } from './layer.js';
import { namespaceHere } from './namespace.js';
import { withPrivateStore, withPublicStore, withStore, type StoreFlags } from './store-session.js';
import { columns, localTime, spokenSize } from './tables.js';

export async function newOne(name: string, layer: string, flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => tell(store, await newPoint(store, name, layer), flags));
}

/** What became of a point: the instance that it shows now. */
function tell(store: Store, point: Point, { json }: StoreFlags): void {
  const instance = spelled(currentOf(point));
  const { layer } = point.activations.at(-1) ?? { layer: '' };
  if (json) printJson({ name: point.name, instance, layer, directory: directoryOf(store, point.name) });
  else console.log(`${point.name} shows ${instance} (${layer})`);
}

export async function list(flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const damaged: string[] = [];
    const points = await allPoints(store, (name) => damaged.push(name));
    const instances = await allInstances(store);
    const rows = points.map((point) => ({
      name: point.name,
      instance: spelled(currentOf(point)),
      layer: instances.find((one) => one.point === point.name && one.number === point.current)?.layer ?? 'missing',
      mounted: isMounted(store, currentOf(point)),
      instances: instances.filter((one) => one.point === point.name).length,
      directory: directoryOf(store, point.name),
    }));
    if (flags.json) return printJson({ store: store.directory, stackpoints: rows, damaged });
    const cells = rows.map(({ name, layer, instance, mounted, instances: count }) => [
      ...[name, instance, layer, mounted ? 'mounted' : '-', `${count}`],
    ]);
    columns([['stackpoint', 'shows', 'layer', 'mounted', 'instances'], ...cells], [4]).forEach((row) =>
      console.log(row),
    );
    damaged.forEach((name) => console.log(`${name}: damaged: 'image-factory layer repair' says more`));
  });
}

export async function show(name: string, flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const point = await findPoint(store, name);
    const { created, activations, steps } = point;
    const mounted = isMounted(store, currentOf(point));
    const directory = directoryOf(store, name);
    if (flags.json) {
      const back = steps.slice(0, -1).reverse();
      return printJson({
        name,
        instance: spelled(currentOf(point)),
        mounted,
        directory,
        created,
        activations: activations.map(({ instance, ...rest }) => ({ instance: `${name}.${instance}`, ...rest })),
        fallbacks: back.map((number) => `${name}.${number}`),
      });
    }
    console.log(
      `${name} shows ${spelled(currentOf(point))}, ${mounted ? 'mounted at' : 'not mounted; its place is'} ${directory}`,
    );
    const rows = activations.map(({ instance, layer, at, by }) => [`${name}.${instance}`, layer, by, localTime(at)]);
    columns(rows).forEach((row) => console.log(row));
  });
}

export async function remove(name: string, flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    await deletePoint(store, name);
    await emptyTrash(store);
    if (flags.json) printJson({ deleted: name });
  });
}

export async function mount(name: string | undefined, flags: StoreFlags & { readonly all?: boolean }): Promise<void> {
  if ((name === undefined) === !flags.all)
    throw new UsageError(['stackpoint mount: expected one stackpoint, or --all']);
  const what = `stackpoint mount ${name ?? '--all'}`;
  const instead = `image-factory stackpoint run ${name ?? 'POINT'} -- COMMAND`;
  await withPublicStore(flags, { what, instead }, async (store) => {
    const names = name === undefined ? (await allPoints(store)).map((point) => point.name) : [name];
    const mounted: { name: string; directory: string }[] = [];
    for (const each of names) {
      try {
        await mountPoint(store, each);
        mounted.push({ name: each, directory: directoryOf(store, each) });
        if (!flags.json) console.log(directoryOf(store, each));
      } catch (error) {
        if (name !== undefined || store.host.signal.aborted) throw error;
        // The others are mounted anyway: services wait for them.
        store.host.log.error(`stackpoint '${each}': ${(error as Error).message}`);
        process.exitCode = 1;
      }
    }
    if (flags.json) printJson(mounted);
  });
}

export async function umount(name: string, flags: StoreFlags): Promise<void> {
  const instead = `nothing is to be done: a mount of yours ends with the command of 'stackpoint run'`;
  await withPublicStore(flags, { what: `stackpoint umount ${name}`, instead }, async (store) => {
    await unmountPoint(store, name);
    if (flags.json) printJson({ unmounted: name });
  });
}

export async function dir(name: string, flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    await findPoint(store, name);
    if (flags.json) printJson({ name, directory: directoryOf(store, name) });
    else console.log(directoryOf(store, name));
  });
}

/** The exit code is the answer, for scripts: 1 if it is not mounted. */
export async function mounted(name: string, flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const isIt = isMounted(store, currentOf(await findPoint(store, name)));
    if (!isIt) process.exitCode = 1;
    if (flags.json) printJson({ name, mounted: isIt });
    else console.log(isIt ? 'mounted' : 'not mounted');
  });
}

export async function cutover(
  name: string,
  layer: string,
  flags: StoreFlags & { readonly reuse?: boolean },
): Promise<void> {
  await withStore(flags, async (store) =>
    tell(store, await cutOver(store, name, layer, { instance: flags.reuse ? 'latest' : 'fresh' }), flags),
  );
}

export async function fallback(
  name: string,
  steps: string | undefined,
  flags: StoreFlags & { readonly to?: string },
): Promise<void> {
  if (steps !== undefined && flags.to !== undefined) {
    throw new UsageError([`stackpoint fallback: expected a number of steps or --to, not both`]);
  }
  const to: FallbackTo =
    flags.to === undefined ? { steps: stepsOf(steps ?? '1') } : { instance: instanceName(flags.to) };
  await withStore(flags, async (store) => tell(store, await fallBack(store, name, to), flags));
}

function stepsOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError([
    `stackpoint fallback ${text}: expected a number of steps from 1 on; an instance is named with --to`,
  ]);
}

export async function instances(name: string, flags: StoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const { current, activations } = await findPoint(store, name);
    const sizes = await sizesOf(store);
    const rows = (await allInstances(store, name)).map((instance) => ({
      name: spelled(instance),
      layer: instance.layer,
      current: instance.number === current,
      mounted: isMounted(store, instance),
      pinned: instance.pinned ?? false,
      size: sizes.instances.get(spelled(instance)) ?? 0,
      created: instance.created,
      activated: activations.filter((one) => one.instance === instance.number).at(-1)?.at,
    }));
    if (flags.json) return printJson(rows);
    const cells = rows.map((row) => [
      ...[
        row.name,
        row.layer,
        spokenSize(row.size),
        row.activated === undefined ? 'never shown' : localTime(row.activated),
      ],
      ['current', 'mounted', 'pinned'].filter((mark) => row[mark as 'current']).join(', '),
    ]);
    columns(cells, [2]).forEach((row) => console.log(row));
  });
}

export async function deleteInstance(text: string, flags: StoreFlags): Promise<void> {
  const name = instanceName(text);
  await withStore(flags, async (store) => {
    await deleteOne(store, name);
    await emptyTrash(store);
    if (flags.json) printJson({ deleted: text });
  });
}

export async function pin(text: string, flags: StoreFlags & { readonly off?: boolean }): Promise<void> {
  const name = instanceName(text);
  await withStore(flags, async (store) => {
    await pinInstance(store, name, !flags.off);
    if (flags.json) printJson({ name: text, pinned: !flags.off });
  });
}

/** Runs a command in what a point shows: in the mount that is there, or in one that lasts as long as the command. */
export async function runIn(name: string, words: readonly string[], flags: StoreFlags & HeldFlags): Promise<void> {
  if (words.length === 0) throw new UsageError([`stackpoint run ${name}: expected a command after '--'`]);
  let isThere = false;
  if (process.getuid?.() === 0 && namespaceHere() === undefined) {
    await withStore(flags, async (store) => {
      isThere = isMounted(store, currentOf(await findPoint(store, name)));
    });
  }
  const inside = isThere && !flags.chroot ? withStore : withPrivateStore;
  await inside(flags, async (store) => {
    const point = await mountPoint(store, name);
    const tree = mountPointOf(store, currentOf(point));
    process.exitCode = await runInTree(words, { ...flags, tree, store: store.directory });
    if (isThere || namespaceHere() === undefined) return;
    await changing(store, () => unmountInstance(store, currentOf(point)));
  });
}
