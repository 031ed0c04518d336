import { expect } from 'chai';
import { fstabText } from './fstab-text.js';
import { GiB, partitions, planned, problems } from '../../test/support/layout.js';

const tree = `
- local_loop:
    name: image0
- partitioning:
    base: image0
    label: mbr
    partitions:
      - name: root
        flags: [boot, primary]
        size: 100%
        mkfs:
          type: ext4
          mount:
            mount_point: /
            fstab:
              options: "defaults"
              fsck-passno: 1
`;

const graph = `
- fstab: {base: mount_mkfs_root, name: fstab_mount_mkfs_root, fsck-passno: 1, options: defaults}
- mkfs: {base: root, name: mkfs_root, type: ext4}
- partitioning: {base: image0, label: mbr, partitions: [{flags: [boot, primary], name: root, base: image0, size: 100%}]}
- mount: {base: mkfs_root, name: mount_mkfs_root, mount_point: /}
- local_loop: {name: image0}
`;

/** A GPT of a root partition of the type of the file system on it, whose keys are given. */
const rootOnly = (mkfs: string, more = '') => `
- local_loop: {name: image0}
- partitioning: {base: image0, label: gpt, partitions: [{name: root, size: 1GiB}, {name: other, size: 1GiB}]}
- mkfs: {base: root, ${mkfs}}
${more}`;

describe('a layout', () => {
  it('may be written as a tree, or as a graph in any order', () => {
    const layout = planned(tree, GiB);
    expect(planned(graph, GiB)).to.deep.equal(layout);
    expect(layout).to.deep.equal({
      disks: [
        {
          name: 'image0',
          size: GiB,
          sectorSize: 512,
          label: 'mbr',
          partitions: [
            {
              name: 'root',
              number: 1,
              kind: 'primary',
              start: 2048,
              size: 2093056,
              type: '0x83',
              flags: ['boot'],
              takesRest: true,
            },
          ],
        },
      ],
      volumeGroups: [],
      fileSystems: [
        {
          name: 'mkfs_root',
          on: 'root',
          type: 'ext4',
          label: 'cloudimg-rootfs',
          options: [],
          mount: '/',
          grow: false,
          subvolumes: [],
        },
      ],
      fstab: [
        {
          device: 'LABEL=cloudimg-rootfs',
          fileSystem: 'mkfs_root',
          mount: '/',
          type: 'ext4',
          options: ['defaults'],
          dump: 0,
          pass: 1,
        },
      ],
    });
  });

  it('may mix both, and have anchors and aliases', () => {
    const layout = planned(`
- local_loop: &disk {name: image0, mkfs: {type: &type xfs, opts: " -b size=4096  -q ", mount: {mount_point: /srv/}}}
- local_loop:
    <<: *disk
    name: image1
    size: 5GiB
    mkfs: {name: fs, type: *type, mount: {mount_point: /, fstab: {}}}
`);
    expect(layout.disks.map(({ name, size, label }) => [name, size, label])).to.deep.equal([
      ['image0', 10 * GiB, null],
      ['image1', 5 * GiB, null],
    ]);
    expect(layout.fileSystems.map(({ name, on, mount, options }) => [name, on, mount, options])).to.deep.equal([
      ['fs', 'image1', '/', []],
      ['mkfs_image0', 'image0', '/srv', ['-b', 'size=4096', '-q']],
    ]);
    expect(layout.fstab.map(fstabText)).to.deep.equal(['LABEL=fs / xfs defaults 0 2']);
  });

  it('is read as YAML 1.1, without numbers where text is meant', () => {
    const types = (label: string, type: string) =>
      planned(`
- local_loop: {name: 1}
- partitioning: {base: 1, label: ${label}, partitions: [{name: no, size: 1048576, type: ${type}}]}
`).disks[0]?.partitions.at(-1)?.type;
    expect(types('gpt', '8e00')).to.equal('E6D6D379-F507-44C2-A23C-238F2A3DF928');
    expect(types('gpt', '0700')).to.equal('EBD0A0A2-B9E5-4433-87C0-68B6B72699C7');
    expect(types('mbr', '0x0c')).to.equal('0x0c');
    expect(types('mbr', '83')).to.equal('0x83');
  });

  it('has an fstab in the order of mounting, with labels and without blanks in them', () => {
    const layout = planned(`
- local_loop: {name: image0}
- partitioning:
    base: image0
    label: gpt
    partitions:
      - {name: swap, size: 1GiB, mkfs: {type: swap, mount: {mount_point: none, fstab: {fsck-passno: 1}}}}
      - {name: more, size: 1GiB, mkfs: {type: swap, mount: {mount_point: none, fstab: {options: sw}}}}
      - {name: log, size: 1GiB, mkfs: {type: vfat, label: varlog, mount: {mount_point: /var/log, fstab: {dump-freq: 1}}}}
      - {name: var, size: 1GiB, mkfs: {type: xfs, mount: {mount_point: /var, fstab: {options: "rw,noatime"}}}}
      - {name: Root Part, size: 1GiB, mkfs: {type: ext3, mount: {mount_point: /, fstab: {fsck-passno: 1}}}}
      - {name: boot, size: 1GiB, mkfs: {type: ext2, mount: {mount_point: /boot}}}
`);
    expect(layout.fstab.map(fstabText)).to.deep.equal([
      'LABEL=mkfs_Root\\040Part / ext3 defaults 0 1',
      'LABEL=mkfs_var /var xfs rw,noatime 0 2',
      'LABEL=VARLOG /var/log vfat defaults 1 2',
      'LABEL=mkfs_swap none swap sw 0 0',
      'LABEL=mkfs_more none swap sw 0 0',
    ]);
    expect(layout.fileSystems.map(({ on, mount }) => `${on} ${mount}`)).to.deep.equal([
      'Root Part /',
      'boot /boot',
      'var /var',
      'log /var/log',
      'swap undefined',
      'more undefined',
    ]);
  });

  it('may have subvolumes of btrfs, and a file system that grows', () => {
    const layout = planned(`
- local_loop: {name: image0}
- partitioning:
    base: image0
    label: gpt
    partitions:
      - name: root
        size: 100%
        mkfs:
          type: btrfs
          grow: yes
          subvolumes:
            - name: "@home"
              mount: {mount_point: /home, fstab: {options: "noatime", fsck-passno: 0}}
            - name: "@"
              mount: {mount_point: /, fstab: {fsck-passno: 0}}
            - snapshots
`);
    expect(layout.fileSystems[0]).to.deep.include({
      grow: true,
      subvolumes: [{ name: '@home', mount: '/home' }, { name: '@', mount: '/' }, { name: 'snapshots' }],
    });
    expect(layout.fstab.map(fstabText)).to.deep.equal([
      'LABEL=cloudimg-rootfs / btrfs defaults,subvol=@ 0 0',
      'LABEL=cloudimg-rootfs /home btrfs noatime,subvol=@home 0 0',
    ]);
  });

  it('gives mkfs_root the defaults that diskimage-builder gives it', () => {
    expect(planned(rootOnly('name: mkfs_root')).fileSystems[0]).to.include({ type: 'ext4', label: 'cloudimg-rootfs' });
    expect(planned(rootOnly('type: xfs')).fileSystems[0]).to.include({ label: 'img-rootfs' });
    expect(problems(rootOnly('name: fs'))[0]).to.match(
      /^4: mkfs 'fs': 'type' is missing; expected a type for mkfs, such as ext2/,
    );
  });
});

describe('what is wrong with a layout', () => {
  const wrong: Readonly<Record<string, readonly [string, ...string[]]>> = {
    'nothing in it': ['# nothing', '1: the layout is empty: expected a list of modules (local_loop,'],
    'no list': ['mkfs: {}', '1: expected a list of modules'],
    'no YAML': ['- mkfs: {a\n- [', '2: invalid YAML: Flow map', '2: invalid YAML: Flow sequence'],
    'a key twice': ['- mkfs:\n    type: xfs\n    type: ext4', '3: invalid YAML: Map keys must be unique'],
    'an entry that is no module': ['- mkfs', '1: expected a module with its keys'],
    'an unknown module': ['- mkfss: {}', "1: there is no module 'mkfss' (did you mean 'mkfs'?)"],
    'two modules in an entry': [
      '- mkfs: {name: a, base: b, type: xfs}\n  mount: {mount_point: /}',
      "1: 'mkfs' and 'mount' in one entry of the list",
    ],
    'a module without keys': ['- fstab:', '1: fstab: expected its keys below it (name, base, options'],
    'neither name nor base': ['- mount: {mount_point: /}', "1: mount: 'name' is missing; expected a name, or a 'base'"],
    encryption: [rootOnly('type: xfs', '- luks: {base: other, name: crypt}'), '5: luks: encryption is not possible: '],
    'encryption below something': [
      '- local_loop: {name: a, luks: {}}',
      "1: local_loop 'a': luks: encryption is not possible: ",
    ],
    'an unknown base': [
      rootOnly('type: xfs').replace('root, type', 'rooot, type'),
      "4: mkfs 'mkfs_rooot': base: there is no 'rooot' (did you mean 'root'?); expected a disk, partition or logical volume: image0, root, other",
    ],
    'a base of another kind': [
      rootOnly('type: xfs', '- fstab: {base: root}'),
      "5: fstab 'fstab_root': base: 'root' is a partition; expected a mount, and the layout has none",
    ],
    'a name twice': [
      rootOnly('type: xfs, name: root'),
      "4: the name 'root' of a file system is already that of the partition in line 3; every name must be unique",
    ],
    'two file systems on a partition': [
      rootOnly('type: xfs', '- mkfs: {base: root, type: ext4, name: other_fs}'),
      "5: the file system 'other_fs' would overwrite something: 'root' already holds the file system 'mkfs_root' (line 4)",
    ],
    'a label twice': [
      rootOnly('type: xfs, label: DATA', '- mkfs: {base: other, type: vfat, label: data}'),
      "5: mkfs 'mkfs_other': label 'DATA' is already that of 'mkfs_root' in line 4",
    ],
    'a label that is too long': [
      rootOnly('type: xfs, label: thirteen-long'),
      "4: mkfs 'mkfs_root': label: 'thirteen-long' has 13 bytes; expected at most 12",
    ],
    'a name that is too long for a label': [
      rootOnly('type: xfs, name: longer_than_12'),
      "4: mkfs 'longer_than_12': label: 'longer_than_12', which is its name for want of a 'label', has 14 bytes",
    ],
    'a mount point twice': [
      rootOnly(
        'type: xfs, mount: {mount_point: /var}',
        '- mkfs: {base: other, type: ext4, mount: {mount_point: /var/}}',
      ),
      "5: mount 'mount_mkfs_other': mount_point '/var' is already that of line 4",
    ],
    'a relative mount point': [
      rootOnly('type: xfs, mount: {mount_point: var}'),
      "4: mount 'mount_mkfs_root': mount_point 'var': expected a path that begins with '/'",
    ],
    'a mount of no file system': [
      rootOnly('type: xfs', '- mount: {base: root, mount_point: /}'),
      "5: mount 'mount_root': base: 'root' is a partition; expected a file system or subvolume: mkfs_root",
    ],
    'blanks in options of fstab': [
      rootOnly('type: xfs, mount: {mount_point: /, fstab: {options: "a, b"}}'),
      "4: fstab 'fstab_mount_mkfs_root': options 'a, b': expected options separated by commas, without blanks",
    ],
    'a label of partitions that is none': [
      '- local_loop: {name: a}\n- partitioning: {base: a, label: dos, partitions: [{name: b, size: 1GiB}]}',
      "2: partitioning 'partitioning_a': label 'dos': expected 'mbr' or 'gpt' (did you mean 'mbr'?)",
    ],
    'an MBR in large sectors': [
      '- local_loop: {name: a, block_size: 4096}\n- partitioning: {base: a, label: mbr, partitions: [{name: b, size: 1GiB}]}',
      "2: partitioning 'partitioning_a': label: an MBR needs sectors of 512 bytes",
    ],
    'flags that are none': [
      rootOnly('type: xfs').replace('{name: root,', '{name: root, flags: [primary, lba],'),
      "3: partition 'root': flags: a GPT has no 'primary' partitions: leave it out",
      "3: partition 'root': flags: unknown flag 'lba'; expected a list of 'boot' and 'primary'",
    ],
    'a type of a GPT in an MBR': [
      "- local_loop: {name: a}\n- partitioning: {base: a, label: mbr, partitions: [{name: b, size: 1GiB, type: 'EF00'}]}",
      "2: partition 'b': type 'EF00': expected one byte in hexadecimal digits, such as '83' (Linux), 'ef' (EFI system) or '8e' (LVM); 'EF00' is a type of a GPT (did you mean 'ef', or 'label: gpt'?)",
    ],
    'an extended partition': [
      '- local_loop: {name: a}\n- partitioning: {base: a, label: mbr, partitions: [{name: b, size: 1GiB, type: 5}]}',
      "2: partition 'b': type '5': expected no type of an extended partition",
    ],
    'subvolumes of another file system': [
      rootOnly('type: xfs, subvolumes: [a]'),
      "4: mkfs 'mkfs_root': subvolumes: a file system of the type 'xfs' has none",
    ],
    'growth where there is no room': [
      rootOnly('type: xfs, grow: yes'),
      "4: mkfs 'mkfs_root': grow: 'root' has partitions after it, so it can't grow; expected the last one, 'other'",
    ],
    'growth that is neither yes nor no': [
      rootOnly('type: xfs, grow: maybe'),
      "4: mkfs 'mkfs_root': grow 'maybe': expected 'yes' or 'no'",
    ],
    'a base in a list': [
      rootOnly('name: fs, type: xfs').replace('base: root, name', 'base: [root], name'),
      '4: mkfs: base: expected the name of its base, not a list',
    ],
    'no base': [
      rootOnly('type: xfs', '- mount: {name: m, mount_point: /}'),
      "5: mount 'm': 'base' is missing; expected the name of a file system or subvolume",
    ],
    'a file system below a volume': [
      '- local_loop: {name: a}\n- lvm: {name: l, pvs: [{name: p, base: a}], vgs: [{name: v, base: [p]}], lvs: [{name: x, base: v, size: 1GiB, mkfs: {type: xfs}}]}',
      "2: lvm 'l': mkfs below one of its lvs: write it on its own, with 'base: NAME' of the logical volume",
    ],
  };
  for (const [what, [text, ...messages]] of Object.entries(wrong)) {
    it(`may be ${what}`, () => {
      const found = problems(text).filter((problem) => !problem.startsWith('unusable'));
      // Nothing is said of what only follows from another mistake.
      if (!what.startsWith('two modules')) expect(found).to.have.length(messages.length);
      messages.forEach((message, at) =>
        expect(found[at]).to.satisfy((problem = '') => problem.startsWith(message), found.join('\n')),
      );
    });
  }

  it('may be a circle', () => {
    const [problem] = problems(`
- lvm:
    name: lvm
    pvs: [{name: pv, base: lv}]
    vgs: [{name: vg, base: [pv]}]
    lvs: [{name: lv, base: vg, size: 1GiB}]
- mkfs: {name: fs, base: lv, type: xfs, mount: {mount_point: /}}
`);
    expect(problem).to.equal('4: a circle of bases: pv → lv → vg → pv; one of them needs another base');
  });

  it('is told all at once, in the order of lines', () => {
    expect(
      problems(`
- local_loop: {name: image0, size: 1gib}
- partitioning:
    base: image0
    label: gpt
    partitions:
      - {name: root, size: 150%, mkfs: {type: ext4, label: a, mount: {mount_point: /}}}
      - {size: 1GiB}
      - {name: rest, size: 20GiB}
- mkfs: {base: nowhere, type: xfs}
`),
    ).to.deep.equal([
      "2: local_loop 'image0': size '1gib': expected a size such as '10GiB' (1024-based: KiB, MiB, GiB, TiB) or '10G' (1000-based: K, M, G, T, also KB, MB, GB, TB) (did you mean 'GiB'?)",
      "7: partition 'root': size '150%': expected a per cent of what is left, above 0% and up to '100%'",
      "8: a partition of partitioning 'partitioning_image0': 'name' is missing; expected a name",
      "9: partition 'rest': size: 20 GiB do not fit in what is left, 10238 MiB of the disk of 10 GiB",
      "10: mkfs 'mkfs_nowhere': base: there is no 'nowhere'; expected a disk, partition or logical volume: image0, root, rest",
    ]);
  });

  it('may have no effect', () => {
    expect(
      problems(
        rootOnly('type: ext4, mount: {mount_point: /, fstab: {fck-passno: 1}}').replace(
          '{name: root,',
          '{name: root, flags: [boot], align: 4,',
        ),
      ),
    ).to.deep.equal([
      "warning 3: partition 'root': unknown key 'align' has no effect; known are name, base, size, type, flags",
      "warning 3: partition 'root': flags: 'boot' has no effect in a GPT, where the types of partitions say what boots",
      "warning 4: fstab 'fstab_mount_mkfs_root': unknown key 'fck-passno' has no effect (did you mean 'fsck-passno'?); known are name, base, options, dump-freq, fsck-passno",
    ]);
  });

  it('may be that no system can be on it', () => {
    expect(problems(rootOnly('type: ext4, uuid: abc, mount: {mount_point: /var}'))).to.deep.equal([
      "unusable 4: mkfs 'mkfs_root': uuid 'abc': expected a UUID such as uuidgen prints; mkfs takes no other",
      "unusable -: no file system is mounted on '/': no system can be on this layout",
    ]);
    expect(partitions(planned(rootOnly('type: ext4')))).to.have.length(2);
  });
});
