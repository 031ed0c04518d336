import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { planned, problems } from '../../test/support/layout.js';
import type { Disk } from './layout.js';

const MiB = 2 ** 20;

interface Wanted {
  readonly label: 'mbr' | 'gpt';
  readonly size: number;
  readonly primaries: readonly string[];
  readonly others: readonly string[];
}

const share = fc.oneof(
  fc.integer({ min: 1, max: 40 }).map((count) => `${count}MiB`),
  fc.integer({ min: 1_100_000, max: 40_000_000 }).map(String),
  fc.integer({ min: 3, max: 40 }).map((percent) => `${percent}%`),
);

/** Layouts that fit, of some primary partitions, then others, which are logical in an MBR. The last may take the rest. */
const wanted: fc.Arbitrary<Wanted> = fc
  .record({
    label: fc.constantFrom('mbr' as const, 'gpt' as const),
    size: fc.integer({ min: 900 * MiB, max: 5000 * MiB }).map((size) => size - (size % 512)),
    primaries: fc.array(share, { maxLength: 3 }),
    others: fc.array(share, { maxLength: 8 }),
    last: fc.constantFrom([], ['100%']),
  })
  .map(({ last, others, ...rest }) => ({ ...rest, others: [...others, ...last] }))
  .filter((layout) => problems(text(layout)).every((problem) => problem.startsWith('unusable')));

function text({ label, primaries, others, size }: Wanted): string {
  const flags = label === 'mbr' ? ', flags: [primary]' : '';
  const lines = [
    ...primaries.map((share, at) => `{name: p${at}, size: ${share}${flags}}`),
    ...others.map((share, at) => `{name: o${at}, size: ${share}}`),
  ];
  return `- local_loop: {name: disk, size: ${size}}\n- partitioning: {base: disk, label: ${label}, partitions: [${lines.join(', ')}]}\n`;
}

/** What sfdisk(8) reads from a disk that it was told to make so. */
function writtenAndRead(file: string, disk: Disk) {
  writeFileSync(file, '');
  truncateSync(file, disk.size);
  const lines = disk.partitions.map(({ number, start, size, type, name }) => {
    const [kind, more] = disk.label === 'gpt' ? [type, `, name="${name}"`] : [type.replace('0x', ''), ''];
    return `${number}: start=${start}, size=${size}, type=${kind}${more}`;
  });
  const script = `label: ${disk.label === 'gpt' ? 'gpt' : 'dos'}\nunit: sectors\n${lines.join('\n')}\n`;
  execFileSync('sfdisk', ['--quiet', '--no-tell-kernel', file], { input: script, stdio: ['pipe', 'pipe', 'pipe'] });
  const { partitiontable } = JSON.parse(execFileSync('sfdisk', ['--json', file], { encoding: 'utf8' })) as {
    partitiontable: {
      label: string;
      partitions: { node: string; start: number; size: number; type: string; name?: string }[];
    };
  };
  return partitiontable.partitions.map(({ node, start, size, type, name }) => ({
    number: Number(node.slice(file.length)),
    ...{ start, size, type: partitiontable.label === 'dos' ? `0x${type.padStart(2, '0')}` : type },
    ...(name === undefined ? {} : { name }),
  }));
}

describe('a random layout', () => {
  const directory = mkdtempSync(join(tmpdir(), 'layout-sfdisk-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('is read back by sfdisk as it was planned', () => {
    const file = join(directory, 'disk');
    fc.assert(
      fc.property(wanted, (layout) => {
        const disk = planned(text(layout)).disks[0]!;
        const expected = disk.partitions.map(({ number, start, size, type, name }) => ({
          ...{ number, start, size, type },
          ...(disk.label === 'gpt' ? { name } : {}),
        }));
        expect(writtenAndRead(file, disk)).to.deep.equal(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('has partitions that are aligned, on the disk, and apart from each other', () => {
    fc.assert(
      fc.property(wanted, (layout) => {
        const [disk] = planned(text(layout)).disks;
        const inside = disk!.partitions.filter(({ kind }) => kind !== 'extended');
        inside.forEach(({ start, size }, at) => {
          expect(start % 2048).to.equal(0);
          expect(start + size).to.be.at.most(disk!.size / 512);
          const next = inside[at + 1];
          if (next !== undefined) expect(start + size).to.be.at.most(next.start);
        });
      }),
    );
  });
});
