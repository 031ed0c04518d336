import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate, measure } from './measure.js';
import { save, workDirectory, type Result } from './result.js';
import { ourProgram, pythonProgram } from './rival.js';

const images = 500;

/** How much the programs take before they do anything. */
export async function start(rounds: number): Promise<Result> {
  await mkdir(workDirectory, { recursive: true });
  const configuration = join(workDirectory, 'many.conf');
  await writeFile(configuration, manyImages());
  const python = await pythonProgram();
  const ours =
    (...args: string[]) =>
    () =>
      measure({ command: [ourProgram, ...args] });
  const cost = await alternate(rounds * 5, {
    python: () => measure({ command: [...python, '--help'] }),
    help: ours('--help'),
    show: ours('show', 'image-321', '--config', configuration),
    list: ours('list', '--config', configuration),
  });
  const cpu = { bench: 'start', unit: 'ms' } as const;
  const help = cost.help.cpu;
  return save('start', [
    { ...cpu, what: '`--help`, CPU', ours: help, rival: cost.python.cpu, goal: 0.8 },
    { ...cpu, what: '`--help`, wall', ours: cost.help.wall, rival: cost.python.wall },
    {
      ...cpu,
      what: `\`show\` of one among ${images} beside our \`--help\`, CPU`,
      ours: cost.show.cpu,
      rival: help,
      goal: 1.2,
    },
    {
      ...cpu,
      what: `\`show\` of one among ${images} beside the Python tool's \`--help\`, CPU`,
      ours: cost.show.cpu,
      rival: cost.python.cpu,
    },
    { ...cpu, what: `\`list\` of ${images} beside our \`--help\`, CPU`, ours: cost.list.cpu, rival: help },
    {
      bench: 'start',
      what: '`--help`, peak memory',
      unit: 'MiB',
      ours: cost.help.peakMemory,
      rival: cost.python.peakMemory,
    },
  ]);
}

function manyImages(): string {
  const section = (number: number) => `[image-${number}]
linux = \${mirror}/dists/release-${number}/linux
initrd = \${mirror}/dists/release-${number}/initrd.gz
preseed = /etc/image-factory/image-${number}.preseed
append = hostname=image-${number} domain=example.org
image-size = 3 GiB
cores = 2
`;
  const defaults = '[DEFAULT]\nmirror = http://deb.debian.org/debian\nformat = qcow2\nram = 1 GiB\n';
  return [defaults, ...Array.from({ length: images }, (_, number) => section(number))].join('\n');
}
