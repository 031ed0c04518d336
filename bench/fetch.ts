import { initrdLike, kernelLike } from '../test/support/netboot-content.js';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { measure, median, type Call, type Measurement } from './measure.js';
import { LoopbackMirror } from './mirror.js';
import { save, workDirectory, type Result, type Row } from './result.js';
import { ourProgram, pythonProgram } from './rival.js';
import { standIns } from './stand-ins.js';

const MiB = 2 ** 20;
const image = 'golden';
/** As big as those of Debian 13. */
const sizes = { linux: 12 * MiB, initrd: 40 * MiB };
const slow = 10_000_000;
/** At 10 Mbit/s, the whole would take three quarters of a minute a run. */
const slowSizes = { linux: MiB, initrd: 4 * MiB };

interface Tool {
  readonly call: Call;
  readonly cache: string;
}

/**
 * Kernel and initrd from a mirror on loopback. Ours runs `fetch`. The Python tool has no such command: it runs whole,
 * and ends at a stand-in for virt-install that fails.
 */
export async function fetch(rounds: number, say: (line: string) => void): Promise<Result> {
  await mkdir(workDirectory, { recursive: true });
  const directory = await mkdtemp(join(workDirectory, 'fetch-'));
  const mirror = await LoopbackMirror.open();
  try {
    const path = await standIns(join(directory, 'bin'), 'exit 1');
    const python = await pythonProgram();
    const tool = async (name: string, ...command: [string, ...string[]]): Promise<Tool> => {
      const cache = join(directory, name);
      const configuration = join(directory, `${name}.conf`);
      await writeFile(configuration, section(mirror.url, cache));
      return {
        cache,
        call: { command, cwd: directory, env: { ...path, IMAGE_FACTORY_CONFIG: configuration }, mayFail: true },
      };
    };
    const tools = {
      ours: await tool('ours', ourProgram, 'fetch', image),
      python: await tool('python', ...python, image),
    };

    const rows: Row[] = [];
    for (const { what, goal, prepare } of situations) {
      const figures: Record<keyof typeof tools, { wall: number[]; cpu: number[]; bytes: number[] }> = {
        ours: { wall: [], cpu: [], bytes: [] },
        python: { wall: [], cpu: [], bytes: [] },
      };
      for (let round = 0; round < rounds; round++) {
        for (const name of ['ours', 'python'] as const) {
          const { call, cache } = tools[name];
          await rm(cache, { recursive: true, force: true });
          mirror.line = {};
          await prepare(mirror, () => measure(call));
          const costs: Measurement[] = [];
          const bytes = await mirror.counting(async () => {
            // A tool that gives up is called again, as somebody would.
            do costs.push(await measure(call));
            while (costs.length < 5 && !(await isWhole(mirror, cache)));
          });
          if (!(await isWhole(mirror, cache)))
            throw new Error(`${name}, ${what}: the files are not what the mirror has`);
          figures[name].wall.push(costs.reduce((sum, { wall }) => sum + wall, 0));
          figures[name].cpu.push(costs.reduce((sum, { cpu }) => sum + cpu, 0));
          figures[name].bytes.push(bytes);
        }
      }
      const row = (figure: 'wall' | 'cpu' | 'bytes', unit: Row['unit'], title: string): Row => ({
        bench: 'fetch',
        what: `${what}, ${title}`,
        unit,
        ours: median(figures.ours[figure]),
        rival: median(figures.python[figure]),
      });
      const bytes = row('bytes', 'MiB', 'body');
      rows.push({ ...bytes, ...(goal === undefined ? {} : { goal: goal / Math.max(1, bytes.rival) }) });
      rows.push(row('wall', 's', 'wall'), row('cpu', 's', 'CPU'));
      say(`${what}: ${bytes.ours} bytes, Python ${bytes.rival}`);
    }
    return await save('fetch', rows);
  } finally {
    await mirror.close();
    await rm(directory, { recursive: true });
  }
}

interface Situation {
  readonly what: string;
  /** Bytes of body that ours may take. */
  readonly goal?: number;
  /** Makes the situation; what is called in it is not measured. */
  readonly prepare: (mirror: LoopbackMirror, fetch: () => Promise<unknown>) => Promise<void>;
}

const situations: readonly Situation[] = [
  {
    what: 'for the first time',
    goal: sizes.linux + sizes.initrd,
    prepare: (mirror) => Promise.resolve(publish(mirror, sizes)),
  },
  {
    what: 'unchanged',
    goal: 0,
    async prepare(mirror, fetch) {
      publish(mirror, sizes);
      await fetch();
    },
  },
  {
    what: 'changed',
    goal: sizes.linux + sizes.initrd,
    async prepare(mirror, fetch) {
      publish(mirror, sizes);
      await fetch();
      publish(mirror, sizes, 'Sun, 22 Nov 2026 00:00:00 GMT');
    },
  },
  {
    what: 'at 10 Mbit/s',
    goal: slowSizes.linux + slowSizes.initrd,
    prepare(mirror) {
      publish(mirror, slowSizes);
      mirror.line = { speed: slow };
      return Promise.resolve();
    },
  },
  {
    what: 'at 10 Mbit/s, the connection broken after 3 MiB',
    // Nothing twice, but for what was under way when the connection broke.
    goal: slowSizes.linux + slowSizes.initrd + MiB / 4,
    prepare(mirror) {
      publish(mirror, slowSizes);
      mirror.line = { speed: slow, breaks: { after: 3 * MiB, times: 1 } };
      return Promise.resolve();
    },
  },
];

function publish(
  mirror: LoopbackMirror,
  { linux, initrd }: typeof sizes,
  date = 'Sat, 21 Nov 2026 00:00:00 GMT',
): void {
  const modified = new Date(date);
  mirror.files.set('linux', { content: kernelLike(randomBytes(linux).subarray(kernelLike().length)), modified });
  mirror.files.set('initrd.gz', { content: initrdLike(randomBytes(initrd).subarray(initrdLike().length)), modified });
}

async function isWhole(mirror: LoopbackMirror, cache: string): Promise<boolean> {
  const same = [...mirror.files].map(async ([name, { content }]) => {
    const fetched = await readFile(join(cache, image, name)).catch(() => undefined);
    return fetched?.equals(content) === true;
  });
  return (await Promise.all(same)).every(Boolean);
}

function section(url: string, cache: string): string {
  return `[${image}]
linux = ${url}/linux
initrd = ${url}/initrd.gz
preseed = /dev/null
cache_dir = ${cache}
ram = 1 GiB
format = qcow2
`;
}
