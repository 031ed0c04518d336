import { mkdirSync, mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Disk, FileSystem, Layout, VolumeGroup } from '../../layout/layout.js';
import { program } from '../../../test/support/disk.js';
import { testHost } from '../../../test/support/host.js';
import { fileSystem, gptDisk, layoutOf, types } from '../../../test/support/layouts.js';
import { devicePlaces } from './device-places.js';
import { makeDisk } from './make-disk.js';

const MiB = 2 ** 20;

/** Names that a GPT and sfdisk's own output can hold. */
const partitionName = fc.string({
  unit: fc.constantFrom(...'abcXYZ019 _-.,:;="\\\'$`äß€'),
  minLength: 1,
  maxLength: 20,
});
const label = fc.string({ unit: fc.constantFrom(...'ABCXYZ019_-'), minLength: 1, maxLength: 11 });
const type = fc.constantFrom('ext2', 'ext4', 'vfat', 'swap');
const part = fc.record({ name: partitionName, size: fc.integer({ min: 2, max: 7 }), type, label });

/** A GPT with a file system on each partition, and with a volume group of one or two physical volumes behind them. */
const gpt = fc
  .record({
    parts: fc.uniqueArray(part, { minLength: 1, maxLength: 4, selector: ({ name }) => name.trim() }),
    volumes: fc.array(fc.record({ extents: fc.integer({ min: 1, max: 3 }), type: fc.constantFrom('ext4', 'swap') }), {
      maxLength: 3,
    }),
    physical: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ parts, volumes, physical }): Layout => {
    const pvs = volumes.length === 0 ? [] : Array.from({ length: physical }, (_, index) => `pv-${index}`);
    const disk = gptDisk('image0', [
      ...parts.map(({ name, size }) => ({ name, size, type: types.linux })),
      // Of two, neither has room for all volumes.
      ...pvs.map((name) => ({ name, size: physical === 1 ? 40 : 22, type: types.lvm })),
    ]);
    const group: VolumeGroup = {
      ...{ name: 'some-group', physicalVolumes: pvs, extentSize: 4 * MiB },
      volumes: volumes.map(({ extents }, index) => ({ name: `lv${index}`, size: extents * 4 * MiB, type: 'linear' })),
    };
    const fileSystems = [
      ...parts.map(({ name, type, label }, index) =>
        fileSystem({ name: `mkfs${index}`, on: name, type, label: `${label.slice(0, 9)}${index}` }),
      ),
      ...volumes.map(({ type }, index) =>
        fileSystem({ name: `mkfs_lv${index}`, on: `lv${index}`, type, label: `LV${index}` }),
      ),
    ];
    return { ...layoutOf([disk], fileSystems, pvs.length === 0 ? [] : [group]), fstab: [] };
  });

interface Told {
  readonly start: number;
  readonly size: number;
  readonly type: string;
  readonly name: string;
}

function partitionsOf(file: string): Told[] {
  const { partitiontable } = JSON.parse(program('sfdisk', ['--json', file])) as {
    partitiontable: { partitions: Told[] };
  };
  return partitiontable.partitions.map(({ start, size, type, name }) => ({ start, size, type, name }));
}

const wanted = ({ partitions }: Disk): Told[] =>
  partitions.map(({ start, size, type, name }) => ({ start, size, type, name }));

/** What blkid says of the bytes of a device. */
function identified(file: string, layout: Layout, { on }: FileSystem): string {
  const bytes = readFileSync(file);
  const device = `${file}.device`;
  const pieces = devicePlaces(layout).get(on) ?? [];
  writeFileSync(device, Buffer.concat(pieces.map(({ offset, size }) => bytes.subarray(offset, offset + size))));
  const told = program('blkid', ['-p', '-o', 'export', device]);
  const tag = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(told)?.[1];
  return `${tag('TYPE')} ${tag('LABEL')}`;
}

/** `lv0 4` of each segment, in LVM's own copy of the metadata: name and extents. */
function segmentsOf(file: string, offset: number, size: number): string[] {
  const device = `${file}.device`;
  writeFileSync(device, readFileSync(file).subarray(offset, offset + size));
  expect(program('pvck', ['--dump', 'headers', device])).to.not.contain('CHECK');
  const text = program('pvck', ['--dump', 'metadata', device]);
  return [...text.matchAll(/^(lv\d) \{[^}]*?((?:segment\d+ \{[^}]*\}\s*)+)\}/gm)].map(([, name, parts]) => {
    const counts = [...(parts ?? '').matchAll(/extent_count = (\d+)/g)].map(([, count]) => Number(count));
    return `${name} ${counts.reduce((sum, count) => sum + count, 0)}`;
  });
}

describe('a layout', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'image-factory-read-back-'))));
  after(() => rmSync(directory, { recursive: true }));

  it('is read back from its disk as it was, by sfdisk, blkid and LVM', async () => {
    const output = join(directory, 'disk.raw');
    const tree = join(directory, 'tree');
    mkdirSync(tree);
    await fc.assert(
      fc.asyncProperty(gpt, async (layout) => {
        const host = testHost();
        const made = { layout, tree, output, bootLoader: 'none', kernelWords: [], epoch: 1 } as const;
        await host.release.after(host.log, () => makeDisk(host, made));
        expect(partitionsOf(output)).to.deep.equal(layout.disks.flatMap(wanted));
        expect(layout.fileSystems.map((one) => identified(output, layout, one))).to.deep.equal(
          layout.fileSystems.map((one) => `${one.type} ${one.label}`),
        );
        for (const { physicalVolumes, volumes, extentSize } of layout.volumeGroups) {
          for (const name of physicalVolumes) {
            const [piece] = devicePlaces(layout).get(name) ?? [];
            expect(segmentsOf(output, piece!.offset, piece!.size)).to.have.members(
              volumes.map((volume) => `${volume.name} ${volume.size / extentSize}`),
            );
          }
        }
      }),
      { numRuns: 12 },
    );
  });
});
