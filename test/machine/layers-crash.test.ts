import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import { emptyTrash } from '../../src/layers/trash.js';
import { collectGarbage } from '../../src/layers/gc.js';
import { allLayers } from '../../src/layers/layers.js';
import { foreignIn } from '../../src/layers/leftovers.js';
import { allInstances } from '../../src/layers/instances.js';
import { allPoints } from '../../src/layers/points.js';
import { repair, troublesIn } from '../../src/layers/repair.js';
import { openStore } from '../../src/layers/store.js';
import { verifyLayer } from '../../src/layers/verify.js';
import { program } from '../support/demo-image.js';
import { testHost } from '../support/host.js';
import { rootOnly, TestStore } from '../support/layer-store.js';

/** `make check-e2e` has more moments. */
const kills = Number(process.env.IMAGE_FACTORY_KILLS ?? 30);
const powerFailures = Number(process.env.IMAGE_FACTORY_POWER_FAILURES ?? 5);

/**
 * A directory in memory. What a killed process has written, the kernel has, so each command would wait for a disk in vain;
 * and a disk's file in memory is copied before the kernel writes much more to it.
 */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** What is done to a store over and over, with every command that changes it: it ends as it began. */
const round = [
  'layer new base',
  'layer edit base -- sh -c "echo 1 >version"',
  'layer close base',
  'layer new next base',
  'layer edit next -- sh -c "echo 2 >version"',
  'layer close next',
  `layer import more ${join(import.meta.dirname, '../../systemd')} --parent next`,
  'stackpoint new web base',
  'stackpoint cutover web next',
  'stackpoint fallback web',
  'stackpoint cutover web base',
  'stackpoint cutover web next',
  'layer gc --keep 2',
  'stackpoint umount web',
  'stackpoint delete web',
  'layer delete base next more',
];

/**
 * Whatever happened, the store opens; what is half is known and goes; closed layers are whole; a stackpoint shows an
 * instance that is there; nothing unknown lies about.
 */
async function expectSound(directory: string): Promise<void> {
  const store = await openStore(testHost(), directory);
  for (const { path, what, remedy } of await troublesIn(store))
    expect(remedy, `${path}: ${what}`).not.to.equal(undefined);
  await repair(store);
  expect(await troublesIn(store)).to.deep.equal([]);
  expect(await foreignIn(store)).to.deep.equal([]);
  for (const layer of await allLayers(store, (name) => expect.fail(`layer ${name} is damaged`))) {
    for await (const finding of verifyLayer(store, layer)) expect.fail(JSON.stringify(finding));
  }
  const instances = await allInstances(store, undefined, (name) => expect.fail(`instance ${name} is damaged`));
  for (const { name, current } of await allPoints(store, (point) => expect.fail(`stackpoint ${point} is damaged`))) {
    expect(instances.find((one) => one.point === name && one.number === current)?.layer).to.match(/^(?:base|next)$/);
  }
  await collectGarbage(store, 2);
  await emptyTrash(store);
  expect(readdirSync(join(directory, 'staging'))).to.deep.equal([]);
  expect(readdirSync(join(directory, 'trash'))).to.deep.equal([]);
}

describe('a store of layers after a crash', () => {
  let test: TestStore;

  before(function () {
    rootOnly(this);
  });

  beforeEach(() => (test = new TestStore(memory)));
  afterEach(() => test.remove());

  it(`is sound, whichever of ${kills} moments its processes are killed at`, async () => {
    for (let kill = 0; kill < kills; kill++) {
      const line = round[kill % round.length] as string;
      const running = start(line, test.environment);
      await Promise.race([sleep(Math.random() * 700), running]);
      // The program alone, or all that it has started.
      killIfThere(kill % 2 === 0 ? (running.pid as number) : -(running.pid as number));
      await running;
      await endOf(running.pid as number);
      await expectSound(test.directory);
      // The same command then does what was not done. If it was, it fails.
      await start(line, test.environment);
      await expectSound(test.directory);
    }
  });

  it(`is sound, whichever of ${powerFailures} moments the power fails at`, async () => {
    const place = mkdtempSync(join(memory, 'image-factory-power-'));
    const [disk, mountPoint] = [join(place, 'disk'), join(place, 'mounted')];
    mkdirSync(mountPoint);
    await execa('truncate', ['--size', '64M', disk]);
    await execa('mkfs.ext4', ['-q', disk]);
    await execa('mount', ['-o', 'loop', disk, mountPoint]);
    const directory = join(mountPoint, 'store');
    const file = join(place, 'round');
    writeFileSync(
      file,
      `while true; do\n${round.map((line) => `'${program}' ${line} >/dev/null 2>&1`).join('\n')}\ndone\n`,
    );
    const running = execa('sh', [file], { env: { IMAGE_FACTORY_STORE_DIR: directory }, reject: false });
    try {
      for (let failure = 0; failure < powerFailures; failure++) {
        await sleep(500 + Math.random() * 4000);
        // What is on the disk at this moment, in the order in which the kernel writes it.
        const copy = join(place, `copy-${failure}`);
        await execa('cp', ['--sparse=always', disk, copy]);
        const again = join(place, `again-${failure}`);
        mkdirSync(again);
        await execa('mount', ['-o', 'loop', copy, again]);
        try {
          await expectSound(join(again, 'store'));
        } finally {
          await execa('umount', [again]);
        }
        rmSync(copy);
      }
    } finally {
      running.kill('SIGKILL');
      await running;
      for (const path of mountsBelow(place).reverse()) await execa('umount', ['--lazy', path], { reject: false });
      rmSync(place, { recursive: true, force: true });
    }
  });
});

/** Starts the program in a process group of its own. */
function start(line: string, env: Record<string, string>) {
  const words = /^(.*? -- sh -c) "(.*)"$/.exec(line);
  const args = words === null ? line.split(' ') : [...(words[1] as string).split(' '), words[2] as string];
  return execa(program, args, { env, reject: false, detached: true });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Waits until a process group is no more: what a killed program has started may go on for a moment. */
async function endOf(group: number): Promise<void> {
  for (let patience = 6000; patience > 0; patience--) {
    try {
      process.kill(-group, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
  throw new Error(`the processes of group ${group} do not end`);
}

function mountsBelow(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${directory}/`));
}
