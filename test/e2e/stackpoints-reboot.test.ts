import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { programDirectory } from '../../src/host/program-directory.js';
import { program } from '../support/demo-image.js';
import { rootOnly } from '../support/layer-store.js';
import { SerialConsole } from '../support/serial-console.js';
import { carryOut } from '../support/stacko-example.js';
import { aptMirrorUrl } from './apt-mirror.js';

/** What a guest needs to start, to be looked at, and to run this program; its kernel has overlayfs as a module. */
const packages = [
  'linux-image-cloud-amd64',
  'systemd-sysv',
  'nodejs',
  'attr',
  'e2fsprogs',
  'grub-pc-bin',
  'grub-common',
];

/** An emulated processor takes long for each file: none that only people read, no module that the disk does not need. */
const small = [
  ...['doc', 'man', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
  `--setup-hook=${[
    'cd "$1" && mkdir -p etc/initramfs-tools/conf.d usr/share/initramfs-tools/modules.d',
    'echo MODULES=list >etc/initramfs-tools/conf.d/small',
    "printf '%s\\n' virtio_pci virtio_blk ext4 >usr/share/initramfs-tools/modules.d/small",
  ].join(' && ')}`,
  // Nothing is to be brought up to date at the first start.
  '--customize-hook=touch "$1/etc/.updated" "$1/var/.updated"',
];

/** Without what takes long in emulation: checks of the clock, what protects from other guests, messages on a slow line. */
const kernelWords = 'console=ttyS0 quiet no_timer_check mitigations=off systemd.show_status=no';

/** Seconds. In emulation, with other work beside it, a guest takes minutes. */
const patience = 1800;

const root = '/var/lib/image-factory/points/system1fs/root';

describe('stackpoints in a virtual machine with Debian 13', () => {
  let place: string;
  let machine: SerialConsole;

  before('a disk is made from a tree that has the program', async function () {
    rootOnly(this);
    place = mkdtempSync(join(tmpdir(), 'image-factory-guest-'));
    const tree = join(place, 'tree');
    // Debian 13 locks root's password, and nobody could log in.
    const hook = '--customize-hook=chroot "$1" passwd --delete root';
    const options = ['--variant=minbase', `--include=${packages.join(',')}`, ...small, hook];
    await execa('mmdebstrap', [...options, 'trixie', tree, await aptMirrorUrl()]);
    const built = ['--old-file=node_modules/.installed', '--old-file=lib/.built'];
    const install = [...built, 'install', 'PREFIX=/usr/local', `DESTDIR=${tree}`];
    await execa('make', install, { cwd: programDirectory, env: { MAKEFLAGS: '' } });
    const made = ['disk', 'make', '--layout', 'bios', '--tree', tree, '--size', '3G'];
    await execa(program, [...made, '--kernel-options', kernelWords, join(place, 'guest.raw')]);
  });

  beforeEach(async () => {
    machine = SerialConsole.boot(join(place, 'guest.raw'), { format: 'raw', memory: 1024, reboots: true });
    await logIn();
  });

  afterEach(async () => machine?.powerOff());

  after(() => {
    if (place !== undefined) rmSync(place, { recursive: true, force: true });
  });

  async function logIn(): Promise<void> {
    await machine.expect(/login: /, patience);
    machine.type('root');
    await machine.expect(/[#$] /, patience);
    // Messages of the kernel would stand in the middle of what commands print.
    await machine.run('dmesg --console-off', patience);
  }

  /** The words of a command that must succeed. */
  async function run(command: string): Promise<string> {
    const said = await machine.run(`{ ${command}; } 2>/tmp/said || { cat /tmp/said; echo failed; }`, patience);
    if (/^failed$/m.test(said)) throw new Error(`${command}: ${said}`);
    return said.trim();
  }

  async function reboot(): Promise<void> {
    machine.type('systemctl reboot');
    await logIn();
  }

  const files = () => run(`(cd ${root}/ && tail -n +1 app lib changed)`);

  it("are what Stacko's README says, with a reboot in between", async () => {
    expect(await run('stat -f -c %T / && ! grep overlay /proc/filesystems')).to.equal('ext2/ext3');
    const mountPoint = await carryOut({
      stacko: (words) => run(`stacko ${words.join(' ')}`),
      write: async (file, line) => void (await run(`echo '${line}' >'${file}'`)),
      reboot: async () => {
        const before = await run('cat /proc/sys/kernel/random/boot_id');
        await reboot();
        expect(await run('cat /proc/sys/kernel/random/boot_id')).not.to.equal(before);
        expect(await run(`! grep " - overlay " /proc/self/mountinfo && ls ${root}/ | wc -l`)).to.equal('0');
      },
    });
    expect(mountPoint).to.equal(root);
    const shown =
      '==> app <==\r?\napps-1.0\n\n==> lib <==\nfoundation-libs0.1\n\n==> changed <==\nin the copy-on-write layer';
    expect(await files()).to.match(new RegExp(`^${shown}$`));
    // The second version is still there, and so is the way to it.
    expect(await run('stacko cutover-stackpoint system1fs apps-2.0 >&2 && cat ' + root + '/app')).to.equal('apps-2.0');

    // With the unit enabled, nothing need be typed.
    expect(await run('systemd-analyze verify --man=no image-factory-stackpoints.service 2>&1')).to.equal('');
    await run('systemctl enable image-factory-stackpoints.service');
    await reboot();
    const state = 'systemctl is-active image-factory-stackpoints.service';
    await run(`while [ "$(${state})" = activating ]; do sleep 1; done`);
    expect(await run(state)).to.equal('active');
    expect(await run(`cat ${root}/app`)).to.equal('apps-2.0');
    await run('stacko fallback-stackpoint system1fs');
    expect(await files()).to.match(new RegExp(`^${shown}$`));
    expect(await run('image-factory layer verify')).to.equal('3 closed layers are as they were closed');
    expect(await run('image-factory layer repair --dry-run')).to.equal('nothing to repair');
  });

  it('have layers whose files the kernel protects with fs-verity', async () => {
    await run('truncate -s 64M /disk && mkfs.ext4 -q -O verity /disk && mkdir /store && mount -o loop /disk /store');
    const layer = (words: string) => run(`image-factory layer ${words}`);
    await run('export IMAGE_FACTORY_STORE_DIR=/store');
    await layer('new base');
    await layer("edit base -- sh -c 'echo changed >a; seq 100000 >b; ln b c'");
    await layer('close base --seal');
    const written = await run('cd /store/layers/base/tree && ! { echo x >>a; } 2>&1 && lsattr a');
    expect(written).to.match(/Operation not permitted[^]*V/);
    expect(await layer('verify')).to.equal('1 closed layers are as they were closed');
    expect(await layer('edit base -- true 2>&1 || true')).to.contain('is sealed');
    // On the disk itself, behind the file system's back.
    await run("cd / && umount /store && sed -i 's/^54321$/12345/' /disk && mount -o loop /disk /store");
    expect(await run('! cat /store/layers/base/tree/b 2>&1 >/dev/null')).to.contain('Input/output error');
    expect(await layer('verify || true')).to.match(/^base: its tree can't be read: \S*\/b: i\/o error/);
  });
});
