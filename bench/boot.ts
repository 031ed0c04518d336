import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { SerialConsole } from '../test/support/serial-console.js';
import { median } from './measure.js';
import { save, told, workDirectory } from './result.js';

/*
 * How long an image takes to its login prompt, compressed as it is, and as the plain qcow2 that the Python tool leaves:
 *
 *     npx tsx bench/boot.ts build/e2e/debian-13/debian-13-DATE.qcow2
 *
 * The environment variable ROUNDS says how often (default: 5). Both lie in the cache of the machine that boots them.
 */
const [image] = process.argv.slice(2);
if (image === undefined) throw new Error('which image? npx tsx bench/boot.ts IMAGE.qcow2');
const rounds = Number(process.env.ROUNDS ?? 5);

await mkdir(workDirectory, { recursive: true });
const plain = join(workDirectory, 'plain.qcow2');
await execa('qemu-img', ['convert', '-O', 'qcow2', image, plain]);
try {
  const compressed: number[] = [];
  const uncompressed: number[] = [];
  for (let round = 0; round < rounds; round++) {
    compressed.push(await secondsToLogin(image));
    uncompressed.push(await secondsToLogin(plain));
  }
  const rows = [
    {
      bench: 'boot',
      what: 'Debian 13 to its login prompt, compressed beside plain',
      unit: 's',
      ours: median(compressed),
      rival: median(uncompressed),
      goal: 1.05,
    },
  ] as const;
  console.log(told(await save('boot', rows)));
} finally {
  await rm(plain);
}

async function secondsToLogin(file: string): Promise<number> {
  const begun = performance.now();
  const console = SerialConsole.boot(file, { format: 'qcow2', memory: 1024 });
  try {
    await console.expect(/login: $/, 900);
    return (performance.now() - begun) / 1000;
  } finally {
    await console.powerOff();
  }
}
