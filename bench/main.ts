import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archives } from './archives.js';
import { bootstrapped } from './bootstrapped.js';
import { children, customized, derived } from './derived.js';
import { diskOfTree } from './disk-of-tree.js';
import { fetch } from './fetch.js';
import { finish } from './finish.js';
import { layers } from './layers.js';
import { packages } from './packages.js';
import { plot } from './plot.js';
import { load, loads, table, told, type Result } from './result.js';
import { start } from './start.js';

/*
 * Measures this program beside the Python image-factory, run by run in turn:
 *
 *     npx tsx bench/main.ts [start] [finish] [fetch] [archives] [layers] [disk] [derived] [customized] [children]
 *                            [packages] [bootstrapped]
 *     npx tsx bench/main.ts --publish
 *
 * The environment variable ROUNDS says how often (default: 5). Results go to bench/results/*.json, and those of all
 * benches that were run so far into docs/performance.md and docs/performance.svg,
 * with --publish without running any.
 */
const rounds = Number(process.env.ROUNDS ?? 5);
const say = (line: string) => console.error(line);
const docs = join(import.meta.dirname, '../docs');

const benches: Readonly<Record<string, () => Promise<Result>>> = {
  start: () => start(rounds),
  finish: () => finish(rounds, say),
  fetch: () => fetch(rounds, say),
  archives: () => archives(rounds, say),
  layers: () => layers(rounds, say),
  disk: () => diskOfTree(rounds, say),
  derived: () => derived(rounds, say),
  customized: () => customized(rounds, say),
  children: () => children(rounds, say),
  packages: () => packages(rounds, say),
  bootstrapped: () => bootstrapped(rounds, say),
};

const asked = process.argv.slice(2);
const chosen = asked.length > 0 ? asked.filter((word) => word !== '--publish') : Object.keys(benches);
for (const name of chosen) {
  const bench = benches[name];
  if (!bench) throw new Error(`there is no bench '${name}', only ${Object.keys(benches).join(', ')}`);
  console.log(told(await bench()));
}
await publish(await load([...Object.keys(benches), 'install', 'emulation', 'boot']));

/** Puts the results between the two marks of the document. */
async function publish(results: readonly Result[]): Promise<void> {
  const rows = results.flatMap((result) => result.rows);
  const machines = [...new Set(results.map(({ machine }) => machine))];
  const load = results.map((result) => `${result.bench} ${loads(result.load)}`).join('; ');
  const where = [...machines, `Load averages at the end: ${load}`].map((line) => `- ${line}`);
  const file = join(docs, 'performance.md');
  const [before, behind] = (await readFile(file, 'utf8')).split(
    /(?<=<!-- results -->\n)[^]*(?=<!-- end of results -->)/,
  );
  if (behind === undefined) throw new Error(`${file} has lost the marks between which the results stand`);
  await writeFile(file, `${before}\n${where.join('\n')}\n\n${table(rows)}\n\n${behind}`);
  await writeFile(join(docs, 'performance.svg'), plot(rows));
}
