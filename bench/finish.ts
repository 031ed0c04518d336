import { initrdLike, kernelLike } from '../test/support/netboot-content.js';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { isoDate } from '../src/config/resolve.js';
import { debianDisk } from './debian-disk.js';
import { alternate, measure, type Measurement } from './measure.js';
import { save, workDirectory, type Result, type Row } from './result.js';
import { ourProgram, pythonProgram } from './rival.js';
import { standIns } from './stand-ins.js';

const image = 'golden';

/**
 * Everything after the installer: logs removed, free blocks zeroed, qcow2, checksum. Both tools run their whole
 * program; in virt-install's place, a finished disk is renamed into the place of the one they made.
 */
export async function finish(rounds: number, say: (line: string) => void): Promise<Result> {
  if (process.getuid?.() !== 0) throw new Error('finish needs root: the Python tool mounts the disk');
  await mkdir(workDirectory, { recursive: true });
  const disk = await debianDisk(say);
  const python = await pythonProgram();
  const directory = await mkdtemp(join(workDirectory, 'finish-'));
  const finished = join(directory, 'finished.raw');
  const size: Record<string, number> = {};
  try {
    const path = await standIns(join(directory, 'bin'), `mv -f '${finished}' "$disk"`);
    const run = async (name: string, compression: string, ...command: [string, ...string[]]): Promise<Measurement> => {
      const configuration = join(directory, `${compression}.conf`);
      await writeFile(configuration, section(directory, compression));
      await writeFile(join(directory, 'linux'), kernelLike());
      await writeFile(join(directory, 'initrd'), initrdLike());
      await writeFile(join(directory, 'preseed'), 'd-i finish-install/reboot_in_progress note\n');
      const output = join(directory, 'output');
      await mkdir(output);
      // Before every run: the same disk, in the cache as after an installation, and nothing left to write.
      await execa('cp', ['--sparse=always', disk, finished]);
      await execa('sync', ['-f', directory]);
      const env = { ...path, IMAGE_FACTORY_CONFIG: configuration };
      const cost = await measure({ command, cwd: output, env });
      const artifact = join(output, `${image}-${isoDate(new Date())}.qcow2`);
      await verify(artifact);
      size[name] = (await stat(artifact)).size;
      say(`${name}: ${cost.wall.toFixed(2)} s, ${cost.cpu.toFixed(2)} s CPU`);
      await rm(output, { recursive: true });
      return cost;
    };
    const cost = await alternate(rounds, {
      python: () => run('Python', 'none', ...python, image),
      plain: () => run('ours, plain', 'none', ourProgram, image),
      compressed: () => run('ours, compressed', 'zstd', ourProgram, image),
    });
    return await save('finish', [
      ...compare('plain qcow2', cost.plain, cost.python, { wall: 0.15, bytes: 0.5 }),
      ...compare('compressed qcow2', cost.compressed, cost.python, { wall: 0.35 }),
      ...sizes(size['ours, compressed'] ?? 0, size['ours, plain'] ?? 0, size.Python ?? 0),
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function section(directory: string, compression: string): string {
  return `[${image}]
linux = ${directory}/linux
initrd = ${directory}/initrd
preseed = ${directory}/preseed
cache_dir = ${directory}/cache
ram = 1 GiB
image-size = 4G
format = qcow2
boot-test = off
manifest = no
sbom = no
provenance = no
compression = ${compression}
`;
}

/** What is fast must be right as well: a whole image, and its checksum. */
async function verify(artifact: string): Promise<void> {
  await execa('qemu-img', ['check', '-q', artifact]);
  const [digest] = (await execa('openssl', ['sha256', '-r', artifact])).stdout.split(' ');
  const said = await readFile(`${artifact}.sha256sum`, 'utf8');
  if (digest === undefined || !said.startsWith(digest)) throw new Error(`the checksum of ${artifact} is wrong`);
}

function compare(
  what: string,
  ours: Measurement,
  python: Measurement,
  goal: { readonly wall: number; readonly bytes?: number },
): Row[] {
  const bytes = ({ bytesRead, bytesWritten }: Measurement) => bytesRead + bytesWritten;
  const row = (figure: string, unit: Row['unit'], of: (measurement: Measurement) => number): Row => ({
    bench: 'finish',
    what: `${what}, ${figure}`,
    unit,
    ours: of(ours),
    rival: of(python),
  });
  return [
    { ...row('wall', 's', ({ wall }) => wall), goal: goal.wall },
    { ...row('read and written', 'MiB', bytes), goal: goal.bytes },
    row('read', 'MiB', ({ bytesRead }) => bytesRead),
    row('written', 'MiB', ({ bytesWritten }) => bytesWritten),
    row('CPU', 's', ({ cpu }) => cpu),
    row('peak memory', 'MiB', ({ peakMemory }) => peakMemory),
  ];
}

function sizes(compressed: number, plain: number, python: number): Row[] {
  const size = { bench: 'size', unit: 'MiB', rival: python } as const;
  return [
    { ...size, what: 'qcow2, our default compression', ours: compressed, goal: 0.42 },
    { ...size, what: 'qcow2, plain', ours: plain },
  ];
}
