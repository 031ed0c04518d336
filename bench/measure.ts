import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** What a program cost, with everything it called. */
export interface Measurement {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of user and system time. */
  readonly cpu: number;
  /** Bytes that the biggest of its processes held in memory at most. */
  readonly peakMemory: number;
  /** Bytes read, from disk or cache: everything that went through read(2) and its kin. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export interface Call {
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the program may fail. */
  readonly mayFail?: boolean;
}

/**
 * Both tools get the same environment of few words: what the caller's has (certificates to load, proxies) is no matter
 * of theirs.
 */
export function environment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { HOME = '/', PATH = '' } = process.env;
  return { HOME, PATH: extra.PATH ?? PATH, LC_ALL: 'C.UTF-8', ...extra };
}

/** @throws Error with what the program said, if it fails */
export async function measure({ command, cwd, env = {}, mayFail = false }: Call): Promise<Measurement> {
  const directory = await mkdtemp(join(tmpdir(), 'measure-'));
  const report = join(directory, 'report.json');
  try {
    const wrapper = ['-I', join(import.meta.dirname, 'measured.py'), report];
    const { all } = await execa('/usr/bin/python3', [...wrapper, ...command], {
      ...(cwd === undefined ? {} : { cwd }),
      env: environment(env),
      extendEnv: false,
      stdin: 'ignore',
      all: true,
    });
    const { exitCode, ...measurement } = JSON.parse(await readFile(report, 'utf8')) as Measurement & {
      exitCode: number;
    };
    if (exitCode !== 0 && !mayFail) throw new Error(`${command.join(' ')} failed with ${exitCode}:\n${all}`);
    return measurement;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The middle one of each figure. */
export function medians(measurements: readonly Measurement[]): Measurement {
  const middle = (key: keyof Measurement) => median(measurements.map((measurement) => measurement[key]));
  return {
    wall: middle('wall'),
    cpu: middle('cpu'),
    peakMemory: middle('peakMemory'),
    bytesRead: middle('bytesRead'),
    bytesWritten: middle('bytesWritten'),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Measures each of several calls in turn, round after round: what else the machine does then meets all of them. */
export async function alternate<Name extends string>(
  rounds: number,
  calls: Readonly<Record<Name, (round: number) => Promise<Measurement>>>,
): Promise<Record<Name, Measurement>> {
  const names = Object.keys(calls) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Measurement[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) measured[name].push(await calls[name](round));
  }
  return Object.fromEntries(names.map((name) => [name, medians(measured[name])])) as Record<Name, Measurement>;
}
