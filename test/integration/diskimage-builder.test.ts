import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import fc from 'fast-check';
import { parseLayout } from '../../src/layout/parse.js';
import { planLayout } from '../../src/layout/plan.js';
import { partitions, planned, problems } from '../support/layout.js';

const MiB = 2 ** 20;

/** Debian's package, which has diskimage-builder's own tests and the layouts of its elements. */
const debianPackage = 'python3-diskimage-builder';

describe("diskimage-builder's own layouts", () => {
  const directory = mkdtempSync(join(tmpdir(), 'diskimage-builder-'));
  const root = join(directory, 'usr/lib/python3/dist-packages/diskimage_builder');
  after(() => rmSync(directory, { recursive: true, force: true }));

  before(async function () {
    try {
      const options = { cwd: directory, timeout: 120_000 };
      await execa(
        'apt-get',
        ['-q', '-o', 'Acquire::Retries=0', '-o', 'APT::Sandbox::User=root', 'download', debianPackage],
        options,
      );
      await execa('dpkg-deb', ['-x', readdirSync(directory).find((name) => name.endsWith('.deb')) ?? '', '.'], options);
    } catch (error) {
      const why = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
      console.log(`      skipped: apt-get can't download ${debianPackage}: ${why ?? (error as Error).message}`);
      this.skip();
    }
  });

  const test = (name: string) => readFileSync(join(root, 'block_device/tests/config', `${name}.yaml`), 'utf8');
  const element = (name: string, file = 'default') =>
    readFileSync(join(root, 'elements', name, `block-device-${file}.yaml`), 'utf8');

  it('are planned where they are valid, the same from tree and graph', () => {
    for (const name of ['deep', 'multiple_partitions', 'lvm']) {
      expect(planned(test(`${name}_tree`)), name).to.deep.equal(planned(test(`${name}_graph`)));
    }
    const valid = [
      'gpt_efi',
      ...['multiple_pv', 'multiple_pv_vg', 'partition_ordering', 'spanned_vg'].map((name) => `lvm_tree_${name}`),
    ];
    for (const name of valid) expect(planned(test(name)).fstab, name).to.not.be.empty;
  });

  it('are refused with a reason where they are invalid', () => {
    const reasons: Readonly<Record<string, RegExp>> = {
      bad_edge_graph: /^\d+: mkfs 'mkfs_root': base: there is no 'this_is_not_a_node'/,
      bad_plugin: /^1: there is no module 'this_is_not_a_plugin_name'/,
      cmd_create: /^1: there is no module 'test_a'/,
      duplicate_fs_labels: /^\d+: mkfs 'mkfs_var': label 'duplicate' is already that of 'mkfs_root'/,
      duplicate_name: /the name 'this_is_a_duplicate' of a mount is already that of the disk in line 1/,
      lvm_tree_multiple_partitions: /^\d+: partition 'ESP': type 'EF00': expected one byte/,
      multi_key_node: /^1: 'mkfs' and 'mount' in one entry of the list/,
      rollback: /^1: there is no module 'test_a'/,
      simple_graph: /^\d+: mkfs 'root_fs': base: there is no 'root_part'/,
      simple_tree: /^\d+: mkfs 'root_fs': base: there is no 'root_part'/,
      too_long_fs_label: /has 39 bytes; expected at most 12, as xfs has it/,
    };
    const invalid = readdirSync(join(root, 'block_device/tests/config'))
      .map((file) => basename(file, '.yaml'))
      .filter((name) => {
        const document = parseLayout(test(name), name);
        return planLayout(document, { imageSize: 10_000 * MiB }).findings.some(({ weight }) => weight === 'error');
      });
    expect(invalid.sort()).to.deep.equal(Object.keys(reasons));
    for (const [name, reason] of Object.entries(reasons))
      expect(problems(test(name)).join('\n'), name).to.match(new RegExp(reason, 'm'));
  });

  it('are those of its elements, at the sectors where it puts them', () => {
    expect(partitions(planned(element('block-device-mbr'), 1024 * MiB))).to.deep.equal(['1 root 2048+2093056']);
    expect(partitions(planned(element('block-device-gpt'), 1024 * MiB))).to.deep.equal([
      '1 BSP 2048+16384',
      '2 root 18432+2076672',
    ]);
    expect(partitions(planned(element('block-device-efi'), 2048 * MiB))).to.deep.equal([
      '1 ESP 2048+1126400',
      '2 BSP 1128448+16384',
      '3 root 1144832+3047424',
    ]);
    const lvm = planned(element('block-device-efi-lvm'), 42e9);
    expect(partitions(lvm)[2]).to.equal('3 root 1144832+78123008');
    expect(lvm.volumeGroups[0]?.volumes.map(({ name, size }) => `${name} ${size / 4 / MiB}`)).to.deep.equal([
      'lv_root 2193',
      'lv_var 5435',
      'lv_home 1907',
    ]);
    for (const name of ['mbr', 'gpt']) {
      expect(planned(element(`block-device-${name}`, 'ppc64el')).disks[0]?.partitions[0]?.type, name).to.match(
        /^0x41$|^9E1A2D38-/,
      );
    }
    expect(problems(element('block-device-efi-lvm'), 40e9)[1]).to.match(
      /partition 'root': size: 37.25 GiB do not fit in what is left/,
    );
  });

  const share = fc.oneof(
    fc.integer({ min: 512, max: 40 * MiB }).map(String),
    fc.integer({ min: 3, max: 60 }).map((percent) => `${percent}%`),
  );

  const mbr = fc
    .record({
      size: fc.integer({ min: 1_800_000, max: 6_000_000 }).map((sectors) => sectors * 512),
      align: fc.constantFrom(MiB, MiB, 64 * 1024, 4 * MiB),
      primaries: fc.array(share, { maxLength: 3 }),
      logicals: fc.array(share, { maxLength: 9 }),
      type: fc.constantFrom('83', '0x0c', '8e', '82'),
    })
    .map(({ primaries, logicals, type, ...disk }) => {
      const partition = (primary: boolean) => (size: string, at: number) => ({
        ...{ primary, boot: primary && at === 0, size, type: parseInt(type, 16) },
      });
      return { ...disk, partitions: [...primaries.map(partition(true)), ...logicals.map(partition(false))] };
    });

  function mbrText({
    size,
    align,
    partitions: list,
  }: {
    size: number;
    align: number;
    partitions: readonly MbrPartition[];
  }) {
    const lines = list.map(({ primary, boot, size: text, type }, at) => {
      const flags = [...(primary ? ['primary'] : []), ...(boot ? ['boot'] : [])].join(', ');
      return `{name: p${at}, size: ${text}, type: ${type.toString(16)}, flags: [${flags}]}`;
    });
    return `- local_loop: {name: disk, size: ${size}}
- partitioning: {base: disk, label: mbr, align: ${align}, partitions: [${lines.join(', ')}]}`;
  }

  it('have MBRs where its own code writes them', async () => {
    // It also writes what does not fit.
    const fits = mbr.filter((disk) => disk.partitions.length > 0 && problems(mbrText(disk)).length === 1);
    const disks = fc.sample(fits, 60).map((disk, at) => ({ ...disk, file: join(directory, `mbr-${at}.raw`) }));
    for (const { file, size } of disks) {
      writeFileSync(file, '');
      truncateSync(file, size);
    }
    const script = join(import.meta.dirname, 'diskimage_builder.py');
    await execa('python3', [script, join(root, 'block_device/level1/mbr.py')], { input: JSON.stringify(disks) });
    for (const disk of disks) {
      const ours = planned(mbrText(disk)).disks[0]?.partitions.map(({ number, start, size, type, flags }) => {
        return { number, start, size, type, boot: flags.includes('boot') };
      });
      expect(ours, mbrText(disk)).to.deep.equal(await tableOf(disk.file));
      rmSync(disk.file);
    }
  });

  it('have GPTs where sgdisk puts them as it calls it', async () => {
    const sizes = ['8MiB', '300000000', '33%', '50%', '100%'];
    const types = ['EF00', 'ef02', '8e00', '0x4100', '8304'];
    const list = sizes.map((size, at) => `{name: p${at}, size: ${size}, type: ${types[at]}}`);
    const [disk] = planned(`- local_loop: {name: disk, size: 3G}
- partitioning: {base: disk, label: gpt, partitions: [${list.join(', ')}]}`).disks;
    const file = join(directory, 'gpt');
    writeFileSync(file, '');
    truncateSync(file, disk!.size);
    // Whole MiB of what is left, without two.
    let left = 3e9 - 2 * MiB;
    const calls = sizes.flatMap((text, at) => {
      const size = text.endsWith('%')
        ? Math.trunc((left * parseFloat(text)) / 100)
        : text === '8MiB'
          ? 8 * MiB
          : Number(text);
      left -= size;
      const number = at + 1;
      return [
        '-n',
        `${number}:0:+${Math.floor(size / MiB)}M`,
        '-t',
        `${number}:${types[at]}`,
        '-c',
        `${number}:p${at}`,
      ];
    });
    await execa('sgdisk', [file, ...calls]);
    const ours = disk!.partitions.map(({ number, start, size, type }) => ({ number, start, size, type, boot: false }));
    expect(ours).to.deep.equal(await tableOf(file));
  });
});

interface MbrPartition {
  readonly primary: boolean;
  readonly boot: boolean;
  readonly size: string;
  readonly type: number;
}

/** As sfdisk(8) reads it. */
async function tableOf(file: string) {
  const { stdout } = await execa('sfdisk', ['--json', file]);
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { partitions: { node: string; start: number; size: number; type: string; bootable?: boolean }[] };
  };
  return partitiontable.partitions.map(({ node, start, size, type, bootable }) => ({
    number: Number(node.slice(file.length)),
    ...{ start, size, type: type.length < 3 ? `0x${type.padStart(2, '0')}` : type, boot: bootable ?? false },
  }));
}
