import { expect } from 'chai';
import { GiB, planned, problems } from '../../test/support/layout.js';

/** A volume group on a partition of 3 GiB, with volumes such as `{name: a, size: 1G}` from line 9 on. */
function lvm(...volumes: readonly string[]): string {
  const list = volumes.map((volume) => `      - ${volume.replace('{', '{base: vg, ')}`).join('\n');
  return `
- local_loop: {name: image0}
- partitioning: {base: image0, label: gpt, partitions: [{name: disk, size: 3GiB}]}
- lvm:
    name: lvm
    pvs: [{name: pv, base: disk, options: ["--force"]}]
    vgs: [{name: vg, base: [pv]}]
    lvs:
${list}
`;
}

const sizes = (text: string) => planned(text).volumeGroups[0]?.volumes.map(({ size }) => size);
const extents = (text: string) => sizes(text)?.map((size) => size / (4 * 2 ** 20));

describe('the volumes of a volume group', () => {
  it('are cut to whole extents', () => {
    expect(sizes(lvm('{name: a, size: 1800M}', '{name: b, size: 100M}'))).to.deep.equal([1799356416, 96468992]);
  });

  it('may be per cents of the group or of what is left, as lvcreate counts them', () => {
    // What lvm 2.03.16 made of them on a disk of this size.
    const text = lvm(
      '{name: a, extents: 28%VG}',
      '{name: b, extents: 4%VG}',
      '{name: c, extents: 40%VG}',
      '{name: d, extents: 33%FREE}',
    );
    expect(extents(text)).to.deep.equal([214, 30, 306, 71]);
    expect(extents(lvm('{name: a, extents: 60%VG}', '{name: b, extents: 60%VG}'))).to.deep.equal([460, 307]);
    expect(extents(lvm('{name: a, extents: 100}', '{name: b, extents: 100%FREE}'))).to.deep.equal([100, 667]);
  });

  it('may extend over several physical volumes', () => {
    const text = lvm('{name: a, size: 4GiB}')
      .replace('size: 3GiB}', 'size: 3GiB}, {name: more, size: 2GiB}')
      .replace('pvs: [', 'pvs: [{name: pv2, base: more}, ')
      .replace('base: [pv]', 'base: [pv, pv2]');
    const [group] = planned(text).volumeGroups;
    expect(group?.physicalVolumes).to.deep.equal(['disk', 'more']);
    expect(group?.volumes).to.deep.equal([{ name: 'a', size: 4 * GiB, type: 'linear' }]);
  });

  it('may be thin, in a pool with room for its metadata', () => {
    const text = lvm(
      '{name: pool, type: thin-pool, extents: 100%FREE}',
      '{name: a, type: thin, thin-pool: pool, size: 50GiB}',
    );
    expect(extents(text)).to.deep.equal([765, 12800]);
    expect(planned(text).volumeGroups[0]?.volumes[1]).to.include({ type: 'thin', thinPool: 'pool' });
    expect(problems(lvm('{name: pool, type: thin-pool, extents: 766}'))[0]).to.contain('with its metadata do not fit');
  });

  it('fit in their group', () => {
    expect(
      problems(lvm('{name: a, size: 3GiB}', '{name: b, extents: 1%VG}', '{name: c, size: 1MiB}')),
    ).to.include.members([
      "9: logical volume 'a': 3 GiB do not fit in what is left, 3068 MiB of the 3068 MiB of its volume group",
    ]);
  });

  it('have one group each, of physical volumes that there are', () => {
    const text = lvm('{name: a, size: 1G}')
      .replace('base: vg, name: a', 'base: [vg], name: a')
      .replace('base: [pv]', 'base: [vp]');
    expect(problems(text).slice(0, -1)).to.deep.equal([
      "7: volume group 'vg': base: there is no 'vp'; expected a physical volume: pv",
      "9: logical volume 'a': base: expected the name of a volume group, not a list",
    ]);
  });

  it('name what they miss', () => {
    const text = lvm(
      '{name: a}',
      '{name: b, type: thin-pol, size: 1G}',
      '{name: c, type: thin, size: 1G, thin-pool: d}',
      '{name: -e, extents: 10%LV}',
    );
    expect(problems(text).filter((line) => !line.startsWith('unusable'))).to.deep.equal([
      "9: logical volume 'a': 'size' is missing; expected a size such as '10GiB', or 'extents' such as '50%VG' or '100%FREE'",
      "10: logical volume 'b': type 'thin-pol': expected 'thin-pool' or 'thin'",
      "11: logical volume 'c': thin-pool: 'd' is no thin pool of 'vg'; expected one with 'type: thin-pool', and 'vg' has none",
      "12: logical volume '-e': name '-e': expected letters, digits and + _ . -, not beginning with '-', as LVM has it",
      "12: logical volume '-e': extents '10%LV': expected a whole per cent such as '50%VG' or '100%FREE', or a number of extents",
    ]);
  });
});
