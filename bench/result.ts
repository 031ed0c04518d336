import { readdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** What is made once for all runs (the disk, the Python package). */
export const workDirectory = join(import.meta.dirname, '../build/bench');

/** The last results of each bench. They are kept with the source, since no machine has run all benches on one day. */
const resultsDirectory = join(import.meta.dirname, 'results');

/** One line of the comparison: a figure of ours, the rival's, and what their ratio shall be at most. */
export interface Row {
  readonly bench: string;
  readonly what: string;
  readonly unit: Unit;
  readonly ours: number;
  /** That of the Python tool, unless `what` names something else. */
  readonly rival: number;
  /** Ratio; without one the row only informs. */
  readonly goal?: number | undefined;
}

export type Unit = 'ms' | 's' | 'MiB';

const scales: Readonly<Record<Unit, number>> = { ms: 1000, s: 1, MiB: 1 / 2 ** 20 };

export function ratio({ ours, rival }: Row): number {
  return rival === 0 ? (ours === 0 ? 0 : Infinity) : ours / rival;
}

export function reached(row: Row): boolean {
  return row.goal === undefined || ratio(row) <= row.goal;
}

export interface Result {
  readonly bench: string;
  readonly machine: string;
  /** Load averages over 1, 5 and 15 minutes when the bench ended. */
  readonly load: readonly number[];
  readonly rows: readonly Row[];
}

export async function save(bench: string, rows: readonly Row[]): Promise<Result> {
  const result = { bench, machine: await machine(), load: loadavg(), rows };
  await writeFile(join(resultsDirectory, `${bench}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

/** Every result there is, in the order of the benches. */
export async function load(order: readonly string[]): Promise<Result[]> {
  const there = await readdir(resultsDirectory);
  const names = order.filter((name) => there.includes(`${name}.json`));
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(resultsDirectory, `${name}.json`), 'utf8')) as Result),
  );
}

/** The rows as a table in Markdown. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const figures = [row.ours, row.rival].map((figure) => format(figure, row.unit));
    const goal = row.goal === undefined ? '' : `≤ ${Number(row.goal.toFixed(2))}${reached(row) ? '' : ' **missed**'}`;
    return `| ${row.bench} | ${row.what} | ${figures.join(' | ')} | ${ratio(row).toFixed(2)} | ${goal} |`;
  });
  return ['| bench | what | ours | rival | ratio | goal |', '| --- | --- | ---: | ---: | ---: | --- |', ...lines].join(
    '\n',
  );
}

function format(figure: number, unit: Unit): string {
  const scaled = figure * scales[unit];
  return `${scaled < 10 && unit !== 'ms' ? scaled.toFixed(2) : Math.round(scaled)} ${unit}`;
}

/** What was measured where, for whoever reads it on the terminal. */
export function told({ machine, load, rows }: Result): string {
  return `\n${machine}, load ${loads(load)} at the end\n\n${table(rows)}`;
}

export function loads(load: Result['load']): string {
  return load.map((average) => average.toFixed(1)).join(' ');
}

/** The machine, in a sentence. */
async function machine(): Promise<string> {
  const version = async (program: string, ...args: string[]) =>
    (await execa(program, args, { all: true })).all.split('\n')[0] ?? '';
  const [qemu, python] = await Promise.all([
    version('qemu-img', '--version'),
    version('/usr/bin/python3', '--version'),
  ]);
  return [
    `${availableParallelism()} × ${cpus()[0]?.model.trim()}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    python,
    qemu.replace(/ \(.*/, ''),
  ].join(', ');
}
