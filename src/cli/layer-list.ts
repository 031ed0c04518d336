import { allInstances } from '../layers/instances.js';
import { allLayers, type Layer } from '../layers/layers.js';
import { sizesOf, type Sizes } from '../layers/sizes.js';
import { printJson } from './layer.js';
import { withStore, type StoreFlags } from './store-session.js';
import { columns, forest, spokenSize } from './tables.js';

export interface LayerListFlags extends StoreFlags {
  readonly tree?: boolean;
  readonly names?: boolean;
}

/** Lists the layers, and what the store takes on the disk in all. */
export async function listLayers(flags: LayerListFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const damaged: string[] = [];
    const layers = await allLayers(store, (name) => damaged.push(name));
    if (flags.names) return layers.forEach(({ name }) => console.log(name));
    const sizes = await sizesOf(store);
    const instances = await allInstances(store);
    const countOf = ({ name }: Layer) => instances.filter(({ layer }) => layer === name).length;
    if (flags.json) {
      return printJson({
        store: store.directory,
        layers: layers.map((layer) => ({
          name: layer.name,
          parent: layer.parent,
          state: layer.state,
          contentId: layer.contentId,
          created: layer.created,
          closed: layer.closed,
          origin: layer.origin,
          instances: countOf(layer),
          size: sizes.layers.get(layer.name) ?? 0,
        })),
        damaged,
        instances: instances.map(({ point, number, layer }) => ({
          name: `${point}.${number}`,
          layer,
          size: sizes.instances.get(`${point}.${number}`) ?? 0,
        })),
        unfinished: sizes.unfinished,
        rest: sizes.rest,
        total: sizes.total,
      });
    }
    const sizeOf = ({ name }: Layer) => spokenSize(sizes.layers.get(name) ?? 0);
    if (flags.tree) treeOf(layers, (layer) => `${layer.name} (${sizeOf(layer)})`).forEach((line) => console.log(line));
    else {
      const rows = layers.map((layer) => [
        layer.name,
        layer.state,
        sizeOf(layer),
        `${countOf(layer)}`,
        layer.parent ?? '-',
      ]);
      columns([['layer', 'state', 'size', 'instances', 'parent'], ...rows], [2, 3]).forEach((row) => console.log(row));
    }
    damaged.forEach((name) => console.log(`${name}: damaged: 'image-factory layer repair' says more`));
    sums(sizes, layers.length, instances.length).forEach((line) => console.log(line));
  });
}

/** The layers as a forest, each with what `label` says of it. */
export function treeOf(layers: readonly Layer[], label: (layer: Layer) => string): string[] {
  const names = layers.map(({ name }) => name);
  const roots = layers.filter(({ parent }) => parent === undefined || !names.includes(parent));
  return forest(roots, { children: ({ name }) => layers.filter(({ parent }) => parent === name), label });
}

/** What adds up to the size of the store. */
function sums(
  { layers, instances, unfinished, rest, total }: Sizes,
  layerCount: number,
  instanceCount: number,
): string[] {
  const sum = (sizes: ReadonlyMap<string, number>) => [...sizes.values()].reduce((all, size) => all + size, 0);
  const rows = [
    [`${layerCount} layers`, spokenSize(sum(layers))],
    [`${instanceCount} instances`, spokenSize(sum(instances))],
    ...(unfinished > 0 ? [['unfinished and deleted', spokenSize(unfinished)]] : []),
    ['records', spokenSize(rest)],
    ['in all', spokenSize(total)],
  ];
  return ['', ...columns(rows, [1])];
}
