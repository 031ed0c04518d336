import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cutover, fallback } from '../src/layers/cutover.js';
import { addLayer } from '../src/layers/layers.js';
import { mountPoint, newPoint, unmountPoint } from '../src/layers/point-changes.js';
import { openStore, type Store } from '../src/layers/store.js';
import { silentLog } from '../src/host/log.js';
import { ReleaseStack } from '../src/host/release-stack.js';

/*
 * Measures how long cutover and fallback take with layers over each other and files in them, as root:
 *
 *     npx tsx bench/layers.ts
 *
 * The environment variables LAYERS and FILES say which numbers (default: 1,10,100 and 10000,100000,1000000), ROUNDS how
 * often (default: 20). The median of each goes to standard output and into build/bench/layers.json.
 */
const numbers = (text: string) => text.split(',').map(Number);
const layerCounts = numbers(process.env.LAYERS ?? '1,10,100');
const fileCounts = numbers(process.env.FILES ?? '10000,100000,1000000');
const rounds = Number(process.env.ROUNDS ?? 20);

/** Milliseconds. */
interface Row {
  readonly layers: number;
  readonly files: number;
  readonly cutover: number;
  readonly fallback: number;
}

const rows: Row[] = [];
for (const files of fileCounts) rows.push(...(await measure(files)));
mkdirSync('build/bench', { recursive: true });
writeFileSync('build/bench/layers.json', JSON.stringify({ load: loadavg(), rows }, undefined, 2));

/** All numbers of layers over one that has the files. */
async function measure(files: number): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'image-factory-bench-'));
  const host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  const store = await openStore(host, directory);
  try {
    await addLayer(store, { name: 'layer-1', fill: (tree) => fill(tree, files) });
    const measured: Row[] = [];
    for (let layers = 1; layers <= Math.max(...layerCounts); layers++) {
      const name = `layer-${layers}`;
      if (layers > 1) {
        const parent = `layer-${layers - 1}`;
        await addLayer(store, { name, parent, fill: (tree) => writeFile(join(tree, name), '') });
      }
      if (!layerCounts.includes(layers)) continue;
      const row = { layers, files, ...(await timesOf(store, `point-${layers}`, name)) };
      console.log(
        `${layers} layers, ${files} files: cutover ${row.cutover.toFixed(0)} ms, fallback ${row.fallback.toFixed(0)} ms`,
      );
      measured.push(row);
    }
    return measured;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function fill(tree: string, files: number): Promise<void> {
  for (let at = 0; at < files; at++) {
    if (at % 1000 === 0) await mkdir(join(tree, `${at / 1000}`));
    writeFileSync(join(tree, `${Math.floor(at / 1000)}`, `${at}`), '');
  }
}

async function timesOf(store: Store, point: string, layer: string): Promise<Pick<Row, 'cutover' | 'fallback'>> {
  await newPoint(store, point, layer);
  await mountPoint(store, point);
  const times = { cutover: [] as number[], fallback: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.cutover.push(await timeOf(() => cutover(store, point, layer, { instance: 'fresh' })));
    times.fallback.push(await timeOf(() => fallback(store, point, { steps: 1 })));
  }
  await unmountPoint(store, point);
  return { cutover: median(times.cutover), fallback: median(times.fallback) };
}

async function timeOf(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
