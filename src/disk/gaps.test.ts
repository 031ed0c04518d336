import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../host/host.js';
import { testHost } from '../../test/support/host.js';
import { program } from '../../test/support/disk.js';
import { without } from './extent.js';
import { gaps } from './gaps.js';
import { readPartitionTable } from './partition-table.js';
import { zeroCommand } from './raw-disk.js';

const MiB = 2 ** 20;

describe('gaps', () => {
  let directory: string;
  let disk: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'gaps-'));
    disk = join(directory, 'disk.raw');
    writeFileSync(disk, '');
    truncateSync(disk, 64 * MiB);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const gapsOf = async () => gaps(disk, await readPartitionTable(testHost(), disk));

  it('are what no partition has, but for boot code behind an MBR', async () => {
    program(
      'sfdisk',
      ['--quiet', '--no-tell-kernel', disk],
      'label: dos\nstart=2MiB, size=8MiB\nstart=20MiB, size=4MiB\n',
    );
    expect(await gapsOf()).to.deep.equal([
      { start: 10 * MiB, end: 20 * MiB },
      { start: 24 * MiB, end: 64 * MiB },
    ]);
  });

  it('leave both copies of a GPT as they are', async () => {
    program('sfdisk', ['--quiet', '--no-tell-kernel', disk], 'label: gpt\nfirst-lba: 34\nstart=2MiB, size=8MiB\n');
    const found = await gapsOf();
    expect(found).to.deep.equal([
      { start: 34 * 512, end: 2 * MiB },
      { start: 10 * MiB, end: 64 * MiB - 33 * 512 },
    ]);
    const handle = openSync(disk, 'r+');
    for (const { start, end } of found) for (const at of [start, end - 1]) writeSync(handle, 'x', at);
    closeSync(handle);
    await run(testHost(), zeroCommand(disk, found));
    expect(program('sfdisk', ['--verify', disk])).to.contain('No errors');
  });

  it('leave the tables of logical partitions, which lie between them', async () => {
    const table = 'label: dos\nsize=8MiB\ntype=E\nsize=4MiB, type=L\nsize=4MiB, type=L\nsize=4MiB, type=S\n';
    program('sfdisk', ['--quiet', '--no-tell-kernel', disk], table);
    const before = program('sfdisk', ['--dump', disk]);
    const found = await gapsOf();
    expect(found.length).to.be.greaterThan(3);
    await run(testHost(), zeroCommand(disk, found));
    expect(program('sfdisk', ['--dump', disk])).to.equal(before);
  });

  it('are zeroed also where they are longer than a request may be', async () => {
    truncateSync(disk, 5 * 2 ** 30);
    const handle = openSync(disk, 'r+');
    for (const at of [0, 2 ** 31 - 1, 2 ** 32 + 5, 5 * 2 ** 30 - 1]) writeSync(handle, 'x', at);
    closeSync(handle);
    await run(testHost(), zeroCommand(disk, [{ start: 512, end: 5 * 2 ** 30 }]));
    const map = program('qemu-img', ['map', '--output=json', '-f', 'raw', disk]);
    const data = (JSON.parse(map) as { start: number; data: boolean }[]).filter((extent) => extent.data);
    expect(data.map(({ start }) => start)).to.deep.equal([0]);
  });

  it('are what is left without others, which may overlap', () => {
    const taken = [
      { start: 20, end: 30 },
      { start: 5, end: 12 },
      { start: 8, end: 10 },
    ];
    expect(without({ start: 10, end: 25 }, taken)).to.deep.equal([{ start: 12, end: 20 }]);
    expect(without({ start: 0, end: 3 }, [])).to.deep.equal([{ start: 0, end: 3 }]);
  });
});
