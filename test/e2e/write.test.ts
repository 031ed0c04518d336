import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { program as imageFactory } from '../support/demo-image.js';
import { makeDisk, program } from '../support/disk.js';

const MiB = 2 ** 20;

/** What the guest needs to see its disks, and the files of this machine. */
const modules = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4', '9p', '9pnet_virtio'];

describe('image-factory write in a virtual machine', function () {
  // In emulation, a start of Node.js alone takes some seconds.
  this.timeout(30 * 60_000);

  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'write-e2e-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('leaves the image on its disk byte for byte, and refuses a disk in use', async () => {
    const image = join(directory, 'image.qcow2');
    const raw = join(directory, 'image.raw');
    makeDisk(raw, 'gpt', [
      { type: 'U', size: 8 },
      { type: 'L', size: 60, fileSystem: 'ext4', content: import.meta.dirname },
    ]);
    program('qemu-img', ['convert', '-c', '-f', 'raw', '-O', 'qcow2', raw, image]);
    const size = readFileSync(raw).length;
    const [same, larger, used] = ['same', 'larger', 'used'].map((name) => join(directory, `${name}.disk`));
    writeFileSync(same!, Buffer.alloc(size, 'OLD DATA'));
    writeFileSync(larger!, Buffer.alloc(size + 9 * MiB, 'OLD DATA'));
    copyFileSync(raw, used!);
    truncateSync(used!, size);

    const write = (disk: string) => `${imageFactory} write --yes ${image} ${disk}; echo "exit code $?"`;
    const said = await inGuest(
      [same!, larger!, used!],
      [
        'lsblk --output NAME,SIZE,TYPE,SERIAL',
        'mkdir /run/x && mount -o ro /dev/vdc2 /run/x && ' + write('/dev/vdc'),
        write('/dev/vda'),
        write('/dev/vdb'),
        'lsblk --output NAME,SIZE,TYPE',
        'sfdisk --verify /dev/vdb',
      ],
    );
    expect(said).to.contain('/dev/vdc2 is mounted at /run/x: umount /run/x').and.contain('exit code 2');
    expect(said).to.contain('Wrote image.qcow2 onto /dev/vda').and.contain('Wrote image.qcow2 onto /dev/vdb');
    expect(said.match(/read back: the same/g)).to.have.length(2);
    // The kernel knows the partitions at once.
    expect(said.slice(said.lastIndexOf('NAME'))).to.match(/vda2 .* part[^]*vdb2 .* part/);
    expect(said).to.contain('No errors detected');
    expect(program('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', raw, same!])).to.contain('identical');
    const [expected, found] = [readFileSync(raw), readFileSync(larger!)];
    expect(found.subarray(MiB, size - MiB).equals(expected.subarray(MiB, size - MiB))).to.be.true;
    expect(readFileSync(used!).equals(expected)).to.be.true;
  });

  /** Runs commands in a guest that has these disks and, read-only, all files of this machine; gives what they say. */
  async function inGuest(disks: readonly string[], commands: readonly string[]): Promise<string> {
    const { kernel, initrd } = await guestFiles(commands);
    const drives = disks.flatMap((disk, index) => [
      ...['-drive', `if=none,id=disk${index},format=raw,file=${disk}`],
      ...['-device', `virtio-blk-pci,drive=disk${index},serial=SERIAL-${index}`],
    ]);
    const { stdout } = await execa('qemu-system-x86_64', [
      ...['-nodefaults', '-display', 'none', '-no-reboot', '-m', '1536', '-smp', '2', '-cpu', 'max', '-accel', 'tcg'],
      ...['-serial', 'stdio', '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 quiet panic=-1'],
      ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
      ...drives,
    ]);
    return stdout.replaceAll('\r', '');
  }

  async function guestFiles(
    commands: readonly string[],
  ): Promise<{ readonly kernel: string; readonly initrd: string }> {
    const packages = join(directory, 'packages');
    const unpacked = join(directory, 'unpacked');
    const root = join(directory, 'root');
    for (const made of [packages, unpacked, join(root, 'bin')]) mkdirSync(made, { recursive: true });
    const depends = await execa('apt-cache', ['depends', '--important', 'linux-image-amd64']);
    const image = /linux-image-[\d.]+\S*/.exec(depends.stdout)?.[0] ?? '';
    await execa('apt-get', ['download', image, 'busybox-static'], { cwd: packages });
    for (const file of readdirSync(packages)) program('dpkg-deb', ['--extract', join(packages, file), unpacked]);
    const kernel = join(
      unpacked,
      'boot',
      readdirSync(join(unpacked, 'boot')).find((name) => name.startsWith('vmlinuz'))!,
    );
    const busybox = ['bin/busybox', 'usr/bin/busybox'].map((path) => join(unpacked, path)).find(existsSync)!;
    copyFileSync(busybox, join(root, 'bin/busybox'));
    const loaded = copyModules(unpacked, root, busybox);
    const run = commands.map((line) => `echo '# ${line.replaceAll("'", '')}'\n${line}\n`).join('');
    const script = [
      `export PATH=${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run`,
      run,
    ].join('\n');
    writeFileSync(join(root, 'commands'), script);
    writeFileSync(
      join(root, 'init'),
      `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /host
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for module in ${loaded.map((path) => basename(path)).join(' ')}; do insmod /modules/$module; done
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose host /host
for each in proc sys dev; do mount --move /$each /host/$each; done
mount -t tmpfs run /host/run
cp /commands /host/run/commands
chroot /host /bin/sh /run/commands 2>&1
poweroff -f
`,
    );
    chmodSync(join(root, 'init'), 0o755);
    const initrd = join(directory, 'initrd');
    const list = (await execa('find', ['.', '-print0'], { cwd: root })).stdout;
    const archive = await execa('cpio', ['--null', '--create', '--format=newc', '--quiet'], {
      cwd: root,
      input: list,
      encoding: 'buffer',
    });
    writeFileSync(initrd, archive.stdout);
    return { kernel, initrd };
  }

  /** Copies modules and those that they need, in the order in which they are loaded. */
  function copyModules(unpacked: string, root: string, busybox: string): string[] {
    const at = ['lib/modules', 'usr/lib/modules'].map((path) => join(unpacked, path)).find(existsSync)!;
    const [version = ''] = readdirSync(at);
    program(busybox, ['depmod', '-b', dirname(dirname(at)), version]);
    const needs = new Map(
      readFileSync(join(at, version, 'modules.dep'), 'utf8')
        .split('\n')
        .map((line) => line.split(/:?\s+|:/).filter(Boolean))
        .map(([path = '', ...others]) => [path, others] as const),
    );
    const order: string[] = [];
    const add = (path: string) => {
      if (order.includes(path)) return;
      [...(needs.get(path) ?? [])].reverse().forEach(add);
      order.push(path);
    };
    for (const module of modules) {
      const pattern = new RegExp(`/${module}\\.ko(\\.xz)?$`);
      [...needs.keys()].filter((path) => pattern.test(path)).forEach(add);
    }
    mkdirSync(join(root, 'modules'));
    return order.map((path) => {
      const copy = join(root, 'modules', basename(path));
      copyFileSync(join(at, version, path), copy);
      if (copy.endsWith('.xz')) program('xz', ['--decompress', copy]);
      return copy.replace(/\.xz$/, '');
    });
  }
});
