import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { silentLog } from '../src/host/log.js';
import { ReleaseStack } from '../src/host/release-stack.js';
import { cutover, fallback } from '../src/layers/cutover.js';
import { addLayer } from '../src/layers/layers.js';
import type { KnownContent } from '../src/layers/manifest.js';
import { mountPoint, newPoint, unmountPoint } from '../src/layers/point-changes.js';
import { openStore, type Store } from '../src/layers/store.js';
import { save, workDirectory, type Result, type Row } from './result.js';

const layerCounts = [1, 10, 100] as const;
const fileCounts = [10_000, 100_000, 1_000_000] as const;

/** Cutovers and fallbacks for each that is asked for: they take a fraction of a second. */
const repetitions = 5;

const actions = {
  cutover: (store: Store, point: string, layer: string) => cutover(store, point, layer, { instance: 'fresh' }),
  fallback: (store: Store, point: string) => fallback(store, point, { steps: 1 }),
} as const;

type Action = keyof typeof actions;

/**
 * How long cutover and fallback take with layers over each other and files in the lowest one. Each number of files has a
 * store, and they take turns: what else the machine does then meets all alike.
 */
export async function layers(rounds: number, say: (line: string) => void): Promise<Result> {
  await mkdir(workDirectory, { recursive: true });
  const scratch = await mkdtemp(join(workDirectory, 'layers-'));
  const stores = new Map<number, Store>();
  const times = new Map<string, number[]>();
  try {
    for (const files of fileCounts) {
      say(`layers: making a store with ${files} files`);
      stores.set(files, await makeStore(join(scratch, `${files}`), files));
    }
    for (let round = 1; round <= rounds * repetitions; round++) {
      if (round % repetitions === 1) say(`layers: round ${Math.ceil(round / repetitions)} of ${rounds}`);
      for (const [files, store] of stores) {
        for (const count of layerCounts) {
          for (const [action, run] of Object.entries(actions)) {
            const started = performance.now();
            await run(store, `point-${count}`, `layer-${count}`);
            const key = `${action} ${count} ${files}`;
            times.set(key, [...(times.get(key) ?? []), (performance.now() - started) / 1000]);
          }
        }
      }
    }
    const time = (action: Action, count: number, files: number) =>
      median(times.get(`${action} ${count} ${files}`) ?? []);
    return await save('layers', rowsOf(time));
  } finally {
    for (const store of stores.values()) for (const count of layerCounts) await unmountPoint(store, `point-${count}`);
    await execa('rm', ['-rf', scratch]);
  }
}

function rowsOf(time: (action: Action, layers: number, files: number) => number): Row[] {
  const [fewLayers, ...moreLayers] = layerCounts;
  const [fewFiles, ...moreFiles] = fileCounts;
  const row = { bench: 'layers', unit: 'ms' as const };
  return (Object.keys(actions) as Action[]).flatMap((action) => [
    ...layerCounts.flatMap((count) =>
      moreFiles.map((files) => ({
        ...row,
        what: `${action}, ${count} layers, ${shown(files)} files beside ${shown(fewFiles)}`,
        ours: time(action, count, files),
        rival: time(action, count, fewFiles),
        goal: files === moreFiles.at(-1) ? 1.2 : undefined,
      })),
    ),
    ...moreLayers.map((count) => ({
      ...row,
      what: `${action}, ${shown(fewFiles)} files, ${count} layers beside ${fewLayers}`,
      ours: time(action, count, fewFiles),
      rival: time(action, fewLayers, fewFiles),
    })),
  ]);
}

const shown = (count: number) => count.toLocaleString('en');

/** Layers over each other, and a mounted stackpoint for each number of layers. */
async function makeStore(directory: string, files: number): Promise<Store> {
  await mkdir(directory);
  const host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  const store = await openStore(host, directory);
  await addLayer(store, { name: 'layer-1', fill: (tree) => fill(tree, files) });
  for (let layer = 2; layer <= Math.max(...layerCounts); layer++) {
    const name = `layer-${layer}`;
    await addLayer(store, { name, parent: `layer-${layer - 1}`, fill: (tree) => writeFile(join(tree, name), '') });
  }
  for (const count of layerCounts) {
    await newPoint(store, `point-${count}`, `layer-${count}`);
    await mountPoint(store, `point-${count}`);
  }
  return store;
}

/** Empty files, a thousand in a directory. @returns what is known of them, so that closing the layer reads none */
async function fill(tree: string, count: number): Promise<KnownContent> {
  const empty = { size: 0, digest: createHash('sha256').digest('hex') };
  const files = new Map<string, typeof empty>();
  for (let at = 0; at < count; at++) {
    const directory = `${Math.floor(at / 1000)}`;
    if (at % 1000 === 0) await mkdir(join(tree, directory));
    writeFileSync(join(tree, directory, `${at}`), '');
    files.set(`${directory}/${at}`, empty);
  }
  return { files, hasAttributes: false };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
