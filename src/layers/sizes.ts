import { relative } from 'node:path';
import { command, run } from '../host/host.js';
import { namesIn, type Store } from './store.js';

/** What the parts of a store take on the disk, in bytes. They add up to the total, which is what du(1) says. */
export interface Sizes {
  readonly total: number;
  readonly layers: ReadonlyMap<string, number>;
  /** By POINT.N. */
  readonly instances: ReadonlyMap<string, number>;
  /** What is being made, and what is being removed. */
  readonly unfinished: number;
  /** Records, links and directories of the store itself. */
  readonly rest: number;
}

/** Measures a store with one call of du, which counts a file with several names once. Mounts are not entered. */
export async function sizesOf(store: Store): Promise<Sizes> {
  if ((await namesIn(store.directory)).length === 0) {
    return { total: 0, layers: new Map(), instances: new Map(), unfinished: 0, rest: 0 };
  }
  store.host.log.progress({ text: 'Measuring the store' });
  const args = ['--one-file-system', '--block-size=1', '--max-depth=2', '--null', '--', store.directory];
  // What another process removes meanwhile is no failure.
  const { stdout } = await run(store.host, command('du', args), { accept: [0, 1] });
  const sizes = new Map(
    stdout.split('\0').map((line) => {
      const [bytes = '', path = ''] = line.split('\t');
      return [relative(store.directory, path), Number(bytes)] as const;
    }),
  );
  const total = sizes.get('') ?? 0;
  const inside = (area: string) => {
    const entries = [...sizes].filter(([path]) => path.startsWith(`${area}/`));
    return new Map(entries.map(([path, bytes]) => [path.slice(area.length + 1), bytes]));
  };
  const [layers, instances] = [inside('layers'), inside('instances')];
  const unfinished = sum([...inside('staging').values(), ...inside('trash').values()]);
  return {
    total,
    layers,
    instances,
    unfinished,
    rest: total - unfinished - sum(layers.values()) - sum(instances.values()),
  };
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}
