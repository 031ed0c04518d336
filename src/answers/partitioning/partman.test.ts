import { expect } from 'chai';
import fc from 'fast-check';
import { GiB, planned } from '../../../test/support/layout.js';
import { difficult, shippedLayout } from '../../../test/support/installer-layouts.js';
import type { Layout } from '../../layout/layout.js';
import { installedMachine, layoutProblems } from './partitioning.js';
import { partman } from './partman.js';

const machine = installedMachine({});
const mebibyte = 2 ** 20;

function answers(layout: Layout): Map<string, string> {
  const lines = partman.write(layout, machine).split('\n');
  return new Map(lines.map((line) => /^d-i (\S+) \S+ (.*)$/.exec(line)?.slice(1, 3) as [string, string]));
}

/** The lines of a recipe, as partman-auto's decode_recipe reads them: least, wanted and most megabytes; the rest. */
function recipe(layout: Layout) {
  const [, text = ''] = (answers(layout).get('partman-auto/expert_recipe') ?? '').split(' :: ');
  return text
    .split(/ \.(?: |$)/)
    .filter((line) => line !== '')
    .map((line) => {
      const [least, , most, ...fields] = line.split(' ');
      return { least: Number(least), most: Number(most), fields: fields.join(' ') };
    });
}

/**
 * Where partitions end, in MiB: as partman-auto's create_partitions orders them of parted_server's NEW_PARTITION, which
 * lets parted choose the nearest end that is aligned. The last one gets all.
 */
function ends(lines: readonly { least: number }[], size: number): number[] {
  let free = 34 * 512;
  return lines.map(({ least }, index) => {
    const end = index === lines.length - 1 ? size - 34 * 512 : Math.floor((free + least * 1_000_000 + 1) / 512) * 512;
    const aligned = index === lines.length - 1 ? Math.floor(end / mebibyte) : Math.round((end + 512) / mebibyte);
    free = aligned * mebibyte;
    return aligned;
  });
}

const layoutEnds = ({ disks }: Layout) =>
  (disks[0]?.partitions ?? []).map(({ start, size }) => ((start + size) * 512) / mebibyte);

describe('a layout as a recipe of partman-auto', () => {
  it('is what debian-installer is to do with the whole disk', () => {
    const hybrid = shippedLayout('hybrid', 3 * GiB);
    expect(Object.fromEntries(answers(hybrid))).to.include({
      'partman-auto/disk': '/dev/vda',
      'partman-auto/method': 'regular',
      'partman-partitioning/default_label': 'gpt',
      'partman-auto/expert_recipe':
        'layout :: 2 2 2 free method{ biosgrub } . 268 268 268 free method{ efi } format{ } . ' +
        '2944 2944 -1 ext4 method{ format } format{ } use_filesystem{ } filesystem{ ext4 } label{ cloudimg-rootfs } mountpoint{ / } .',
    });
  });

  it('ends every partition where the layout does, whatever its size', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sizes, (mebibytes) => {
        const size = (mebibytes.reduce((sum, one) => sum + one, 0) + 1000) * mebibyte;
        const parts = mebibytes.map((one, index) => `      - {name: p${index}, size: ${one}MiB}`);
        const layout = planned(
          `- local_loop: {name: image0}\n- partitioning:\n    base: image0\n    label: gpt\n    partitions:\n${parts.join('\n')}\n      - {name: root, size: 100%, mkfs: {type: ext4, mount: {mount_point: /}}}\n`,
          size,
        );
        expect(ends(recipe(layout), size)).to.deep.equal(layoutEnds(layout));
      }),
    );
  });

  it('fits on the disk, as partman-auto adds up what is wanted at least', () => {
    for (const name of ['bios', 'uefi', 'hybrid', 'lvm', 'server']) {
      for (const size of [2, 3, 10, 100]) {
        const least = recipe(shippedLayout(name, size * GiB)).reduce((sum, line) => sum + line.least, 0);
        expect(least, `${name} ${size}G`).to.be.lessThan((size * GiB) / 1_000_000);
      }
    }
  });

  it('gives volumes the extents of the layout, and the last one what is left', () => {
    const server = shippedLayout('server');
    const volumes = recipe(server).filter(({ fields }) => fields.includes('$lvmok{ }'));
    const { volumes: wanted = [] } = server.volumeGroups[0] ?? {};
    expect(volumes).to.have.length(wanted.length);
    for (const [index, { least, most }] of volumes.slice(0, -1).entries()) {
      // partman-lvm's lvm_extents_from_human, with `vgs --units K`
      expect(Math.floor((least * 1_000_000) / 4_194_300) * 4 * mebibyte).to.equal(wanted[index]?.size);
      expect(most).to.equal(least);
    }
    expect(volumes.at(-1)?.most).to.equal(-1);
    expect(Object.fromEntries(answers(server))).to.include({
      'partman-auto/method': 'lvm',
      'partman-auto-lvm/guided_size': 'max',
      'partman-auto-lvm/new_vg_name': 'vg',
    });
    expect(recipe(server)[2]?.fields).to.equal('ext4 method{ lvm } device{ /dev/vda3 } vg_name{ vg }');
    expect(volumes[1]?.fields).to.match(
      /in_vg\{ vg \} lv_name\{ lv_tmp \} .*mountpoint\{ \/tmp \} options\/nodev\{ nodev \} options\/nosuid\{ nosuid \}$/,
    );
  });

  it('says how much of a volume group is used, where not all of it is', () => {
    const half = planned(`
- local_loop: {name: image0}
- partitioning:
    base: image0
    label: gpt
    partitions: [{name: pv0, type: 8E00, size: 100%}]
- lvm:
    name: lvm
    pvs: [{name: pv, base: pv0}]
    vgs: [{name: vg, base: [pv]}]
    lvs: [{name: root, base: vg, size: 2GiB}]
- mkfs: {name: fs, base: root, type: ext4, mount: {mount_point: /}}
`);
    expect(answers(half).get('partman-auto-lvm/guided_size')).to.equal('2148 MB');
    expect(recipe(half)[1]).to.include({ least: 2148, most: 2148 });
  });

  it('tells primary and logical partitions of an MBR apart, and makes swap space', () => {
    const mbr = planned(`
- local_loop: {name: image0}
- partitioning:
    base: image0
    label: mbr
    partitions:
      - {name: boot, flags: [boot, primary], size: 512MiB, mkfs: {type: ext2, mount: {mount_point: /boot}}}
      - {name: swap, type: 82, size: 1GiB, mkfs: {type: swap, mount: {mount_point: none, fstab: {}}}}
      - {name: root, size: 100%, mkfs: {type: xfs, label: top, mount: {mount_point: /}}}
`);
    expect(recipe(mbr).map(({ fields }) => fields.replace(/ use_filesystem.*/, ''))).to.deep.equal([
      'ext2 $primary{ } $bootable{ } method{ format } format{ }',
      'linux-swap method{ swap } format{ }',
      'xfs method{ format } format{ }',
    ]);
    expect(answers(mbr).get('partman-partitioning/default_label')).to.equal('msdos');
  });

  it('asks for a place for the boot loader of the firmware, and for an ESP of a size', () => {
    const problems = (name: string, firmware: string) =>
      layoutProblems(
        'preseed',
        { file: name, layout: shippedLayout(name), lineOf: () => undefined },
        installedMachine({ firmware }),
        'x',
      );
    for (const name of ['hybrid', 'lvm', 'server']) {
      for (const firmware of ['bios', 'uefi', 'uefi-secure']) expect(problems(name, firmware), name).to.deep.equal([]);
    }
    expect(problems('bios', 'uefi')[0]).to.match(/^x: the machine has UEFI, .*: add one, or set firmware = bios$/);
    expect(problems('uefi', 'bios')[0]).to.match(/^x: the machine has a BIOS, .*: add one, or set firmware = uefi$/);
    const small = planned(
      '- local_loop: {name: image0}\n- partitioning:\n    base: image0\n    label: gpt\n    partitions:\n      - {name: ESP, type: EF00, size: 32MiB, mkfs: {type: vfat, mount: {mount_point: /efi}}}\n      - {name: root, size: 100%, mkfs: {type: ext4, mount: {mount_point: /}}}\n',
    );
    expect(partman.limits(small).map(({ on, why }) => `${on}: ${why}`)).to.deep.equal([
      'mkfs_ESP: it mounts an EFI system partition at /boot/efi: set mount_point to that',
      'ESP: it makes FAT32 of an EFI system partition, which takes 33 MiB or more',
    ]);
  });

  it("says what can't be done, all of it", () => {
    const layout = { file: 'my.yaml', layout: planned(difficult), lineOf: () => 7 };
    expect(layoutProblems('preseed', layout, machine, 'my.conf:3: [web] layout = my.yaml')).to.deep.equal([
      "my.conf:3: [web] layout = my.yaml: debian-installer can't make 'data' (my.yaml:7): an installation has one disk: keep one local_loop",
      ...[
        "'pool' (my.yaml:7): it makes no thin pools",
        "'thin' (my.yaml:7): it makes no thin volumes",
        "'mkfs_root' (my.yaml:7): it passes no options to mkfs: -i 8192",
        "'mkfs_root' (my.yaml:7): it lets mkfs choose the UUID: remove uuid: b733f302-0336-49c0-85f2-38ca109e8bdb",
        "'pv0' (my.yaml:7): it gives the last partition what is left of the disk: set its size to 100%",
      ].map((problem) => `my.conf:3: [web] layout = my.yaml: debian-installer can't make ${problem}`),
    ]);
  });
});
