import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import fc from 'fast-check';
import { programDirectory } from '../../src/host/program-directory.js';
import { normalUser, type NormalUser } from '../support/normal-user.js';

/** In all, in layers over each other. `IMAGE_FACTORY_SEED` repeats a run. */
const operationCount = 500;
const layerCount = 10;
const seed = Number(process.env.IMAGE_FACTORY_SEED ?? Date.now() % 2 ** 31);

const names = ['etc', 'usr', 'a', 'b', '.wh.c', '-rf', 'ä\n%', 'x'.repeat(255)];
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }).map((parts) => join(...parts));
const operation = fc.record({
  what: fc.constantFrom(
    ...['write', 'write', 'write', 'append', 'sparse', 'mkdir', 'mkdir', 'mkdir', 'remove', 'move', 'move', 'link'],
    ...['symlink', 'mode', 'owner', 'attribute', 'capability', 'fifo', 'device', 'replace'],
  ),
  path,
  other: path,
  text: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 20 }),
  mode: fc.constantFrom(0o644, 0o600, 0o755, 0o4755, 0o1777, 0o000),
  id: fc.constantFrom(0, 1, 33, 1000),
});

/** Who runs the program, and what they can't do. */
interface Person {
  readonly name: string;
  readonly without: readonly string[];
  /** What stands before a command line of theirs. */
  readonly command: readonly string[];
  readonly program: string;
  readonly home: string;
}

describe(`500 random operations on layers (IMAGE_FACTORY_SEED=${seed})`, () => {
  let user: NormalUser;

  before(async function () {
    user = await normalUser();
    if (process.getuid?.() === 0) return;
    console.log('    run the tests as root for those of root and of a user with subordinate ids: sudo make check');
  });

  after(() => user.remove());

  const root = (): Person => ({
    name: 'root',
    without: [],
    command: ['env'],
    program: join(programDirectory, 'bin/image-factory'),
    home: user.home,
  });
  // useradd gives an account subordinate ids.
  const withIds = (): Person => ({ name: 'user-with-ids', without: ['device'], ...user });
  // The last one, since the ids are taken away from the account.
  const withoutIds = async (): Promise<Person> => {
    const account = user.command[2] ?? '';
    for (const kind of ['uid', 'gid']) {
      const lines = readFileSync(`/etc/sub${kind}`, 'utf8').split('\n');
      const [, first, count] = lines.find((line) => line.startsWith(`${account}:`))?.split(':') ?? [];
      const range = `${first}-${Number(first) + Number(count) - 1}`;
      await execa('usermod', [`--del-sub${kind}s`, range, account]);
    }
    return { name: 'user-without-ids', without: ['device', 'owner'], ...user };
  };

  const people = { 'as root': root, 'as an ordinary user': withIds, 'as a user without subordinate ids': withoutIds };
  for (const [who, person] of Object.entries(people)) {
    it(`leave what they leave in a plain directory, ${who}`, async function () {
      // Root makes the accounts of the others; another user is one with or without subordinate ids.
      if (process.getuid?.() !== 0 && person !== withIds) return this.skip();
      await expectSame(await person());
    });
  }
});

async function expectSame({ name, without, command, program, home }: Person): Promise<void> {
  const driver = join(home, 'tree-operations.mjs');
  copyFileSync(join(programDirectory, 'test/support/tree-operations.mjs'), driver);
  const place = join(home, `of-${name}`);
  mkdirSync(place);
  if (name !== 'root') await execa('chown', ['--reference', home, place]);
  const plain = join(place, 'plain');
  const store = ['--store-dir', join(place, 'store')];
  const run = async (...words: string[]) => {
    const [file = '', ...args] = [...command, program, ...words];
    const { exitCode, all } = await execa(file, args, { reject: false, all: true });
    expect(exitCode, `${words.join(' ')}\n${all}`).to.equal(0);
    return all;
  };
  const all = fc.sample(operation, { numRuns: operationCount, seed }).filter(({ what }) => !without.includes(what));
  let parent: string[] = [];
  for (let layer = 0; layer < layerCount; layer++) {
    const file = join(place, `operations-${layer}`);
    const share = all.slice((all.length * layer) / layerCount, (all.length * (layer + 1)) / layerCount);
    writeFileSync(file, JSON.stringify(share));
    const own = `layer-${layer}`;
    await run('layer', 'new', ...store, own, ...parent);
    const shell = 'mkdir -p "$3" && exec "$0" "$1" "$2" "$3"';
    await run('layer', 'edit', ...store, own, '--', 'sh', '-c', shell, process.execPath, driver, file, plain);
    await run('layer', 'close', ...store, own);
    parent = [own];
  }
  const top = `layer-${layerCount - 1}`;
  await run('stackpoint', 'new', ...store, 'point', top);
  const said = await run('stackpoint', 'run', ...store, 'point', '--', process.execPath, driver, plain);
  expect(said).to.match(/^\d{2,} entries$/m);
  expect(await run('layer', 'verify', ...store)).to.contain(`${layerCount} closed layers are as they were closed`);
  // What `layer diff` makes of all layers together is what the mount shows: a layer of the plain copy has no difference.
  await run('layer', 'new', ...store, 'copy');
  await run('layer', 'edit', ...store, 'copy', '--', 'sh', '-c', 'cp -a "$0/." .', plain);
  const differences = await run('layer', 'diff', ...store, top, 'copy');
  expect(
    differences
      .split('\n')
      .filter((line) => !/ \(hardlink (?:added|removed)|^M .*hardlink/.test(line))
      .join('\n'),
  ).to.equal('');
}
