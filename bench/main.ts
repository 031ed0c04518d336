import { fetch } from './fetch.js';
import { finish } from './finish.js';
import { start } from './start.js';
import { table, type Result } from './result.js';

/*
 * Measures this program beside the Python image-factory, run by run in turn:
 *
 *     npx tsx bench/main.ts [start] [finish] [fetch]
 *
 * The environment variable ROUNDS says how often (default: 5). Results go to build/bench/*.json.
 */
const rounds = Number(process.env.ROUNDS ?? 5);
const say = (line: string) => console.error(line);

const benches: Readonly<Record<string, () => Promise<Result>>> = {
  start: () => start(rounds),
  finish: () => finish(rounds, say),
  fetch: () => fetch(rounds, say),
};

const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(benches)) {
  const bench = benches[name];
  if (!bench) throw new Error(`there is no bench '${name}', only ${Object.keys(benches).join(', ')}`);
  const { machine, rows } = await bench();
  console.log(`\n${machine}\n\n${table(rows)}`);
}
