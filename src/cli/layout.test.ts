import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { program, temporaryDirectory } from '../../test/support/demo-image.js';

describe('image-factory layout', () => {
  const directory = temporaryDirectory();
  after(() => directory.remove());

  async function run(...words: readonly string[]) {
    const env = { LC_ALL: 'C.UTF-8', COLUMNS: '80' };
    return execa(program, ['layout', ...words], { cwd: directory.path, env, reject: false });
  }

  function file(name: string, text: string): string {
    writeFileSync(join(directory.path, name), text);
    return name;
  }

  it('shows a shipped one on a disk of some size', async () => {
    const { stdout, stderr, exitCode } = await run('show', 'lvm', '--size', '16G');
    expect({ stderr, exitCode }).to.deep.equal({ stderr: '', exitCode: 0 });
    expect(stdout).to.equal(`image0
+-----+---------+--------------------------------------------------------------+
|1 BSP|2 ESP    |3 lvm_pv                                                      |
|1 MiB|256 MiB  |16125 MiB                                                     |
|     |/boot/efi|vg                                                            |
+-----+---------+--------------------------------------------------------------+
vg
+----------------------------------+----------------------+-----------+--------+
|lv_root                           |lv_var                |lv_home    |lv_swap |
|7252 MiB                          |4836 MiB              |2416 MiB   |1620 MiB|
|/                                 |/var                  |/home      |swap    |
+----------------------------------+----------------------+-----------+--------+

image0: 16 GiB, GPT, sectors of 512 bytes
     NAME      START       SIZE  TYPE        FILE SYSTEM  LABEL  MOUNT
  1  BSP       1 MiB      1 MiB  BIOS boot
  2  ESP       2 MiB    256 MiB  EFI system  vfat         ESP    /boot/efi
  3  lvm_pv  258 MiB  16125 MiB  LVM         LVM: vg

vg: volume group on lvm_pv
  NAME         SIZE  TYPE    FILE SYSTEM  LABEL            MOUNT
  lv_root  7252 MiB  linear  ext4         cloudimg-rootfs  /
  lv_var   4836 MiB  linear  ext4         var              /var
  lv_home  2416 MiB  linear  ext4         home             /home
  lv_swap  1620 MiB  linear  swap         swap

/etc/fstab:
  LABEL=cloudimg-rootfs / ext4 defaults 0 1
  LABEL=ESP /boot/efi vfat umask=0077 0 2
  LABEL=home /home ext4 defaults,nodev 0 2
  LABEL=var /var ext4 defaults 0 2
  LABEL=swap none swap sw 0 0`);
  });

  it('prints a file as JSON, with the extended partition, flags and mount options', async () => {
    const name = file(
      'mine.yaml',
      `- local_loop: {name: image0, size: 1GiB}
- partitioning:
    base: image0
    label: mbr
    partitions:
      - {name: root, size: 50%, flags: [boot, primary], mkfs: {type: ext4, opts: "-i 16384", mount: {mount_point: /, fstab: {fsck-passno: 1}}}}
      - {name: pv_part, size: 50%, type: 8e}
      - {name: swap, size: 100%, type: 82, mkfs: {type: swap, mount: {mount_point: none, fstab: {}}}}
- lvm:
    name: lvm
    pvs: [{name: pv, base: pv_part}]
    vgs: [{name: vg, base: [pv]}]
    lvs: [{name: lv, base: vg, size: 100M}]
- mkfs: {base: lv, type: xfs}
`,
    );
    const { stdout, stderr, exitCode } = await run('show', name, '--json');
    expect({ stderr, exitCode }).to.deep.equal({ stderr: '', exitCode: 0 });
    expect(JSON.parse(stdout)).to.deep.equal({
      disks: [
        {
          name: 'image0',
          sector_size: 512,
          label: 'mbr',
          partitions: [
            { number: 1, name: 'root', start: 2048, size: 1046528, type: '0x83', flags: ['boot'] },
            { number: 2, name: 'extended', start: 1048576, size: 1048576, type: '0x0f', flags: [] },
            { number: 5, name: 'pv_part', start: 1050624, size: 523264, type: '0x8e', flags: [] },
            { number: 6, name: 'swap', start: 1576960, size: 520192, type: '0x82', flags: [] },
          ],
        },
      ],
      volume_groups: [{ name: 'vg', physical_volumes: ['pv_part'], volumes: [{ name: 'lv', size: 96468992 }] }],
      filesystems: [
        {
          name: 'mkfs_root',
          on: 'root',
          type: 'ext4',
          label: 'cloudimg-rootfs',
          options: ['-i', '16384'],
          mount: '/',
        },
        { name: 'mkfs_swap', on: 'swap', type: 'swap', label: 'mkfs_swap', options: [], mount: 'none' },
        { name: 'mkfs_lv', on: 'lv', type: 'xfs', label: 'mkfs_lv', options: [], mount: null },
      ],
      fstab: ['LABEL=cloudimg-rootfs / ext4 defaults 0 1', 'LABEL=mkfs_swap none swap sw 0 0'],
    });
  });

  it('refuses what is invalid or does not fit, and warns of the rest', async () => {
    const name = file(
      'wrong.yaml',
      `- local_loop: {name: image0}
- partitioning:
    base: image0
    label: gpt
    partitons: []
    partitions:
      - {name: root, size: 20GiB}
`,
    );
    const { stdout, stderr, exitCode } = await run('show', name, '--size', '10G');
    expect({ stdout, exitCode }).to.deep.equal({ stdout: '', exitCode: 2 });
    expect(stderr.split('\n')).to.deep.equal([
      "image-factory: warning: wrong.yaml:5: partitioning 'partitioning_image0': unknown key 'partitons' has no effect (did you mean 'partitions'?); known are name, base, label, align, partitions",
      "image-factory: warning: wrong.yaml: no file system is mounted on '/': no system can be on this layout",
      "image-factory: wrong.yaml:7: partition 'root': size: 20 GiB do not fit in what is left, 10238 MiB of the disk of 10 GiB",
    ]);
    const large = await run('show', name);
    expect(large.exitCode).to.equal(0);
    expect(large.stderr).to.contain('it is shown for 32 GiB; set another by --size');
  });

  it('says what it takes', async () => {
    const wrong: readonly (readonly [string, ...string[]])[] = [
      [
        "layout show hybird: expected one of the shipped layouts bios, hybrid, lvm, server, uefi, or a YAML file such as './my.yaml' (did you mean 'hybrid'?)",
        'show',
        'hybird',
      ],
      [`can't read the layout ${join(directory.path, 'none.yaml')}: no such file or directory`, 'show', 'none.yaml'],
      ['layout show: which one? A shipped one (bios, hybrid, lvm, server, uefi), or a YAML file', 'show'],
      ["layout lits: expected 'layout show' or 'layout list' (did you mean 'list'?)", 'lits'],
      [
        "--size 2: expected a size from 8M to 4P; a number without a unit counts bytes: '2G'?",
        'show',
        'bios',
        '--size',
        '2',
      ],
    ];
    for (const [message, ...words] of wrong) {
      const { stderr, stdout, exitCode } = await run(...words);
      expect({ stderr, stdout, exitCode }).to.deep.equal({
        stderr: `image-factory: ${message}`,
        stdout: '',
        exitCode: 2,
      });
    }
  });

  it('lists the shipped ones', async () => {
    const { stdout } = await run('list');
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).to.deep.equal([
      'bios',
      'hybrid',
      'lvm',
      'server',
      'uefi',
    ]);
    expect(stdout).to.contain('hybrid  A disk that boots by BIOS and by UEFI\n');
    const { layouts } = JSON.parse((await run('list', '--json')).stdout) as {
      layouts: { name: string; file: string }[];
    };
    expect(layouts[0]?.file).to.match(/\/layouts\/bios\.yaml$/);
  });
});
