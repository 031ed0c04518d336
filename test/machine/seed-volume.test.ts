import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { Configuration } from '../../src/config/configuration.js';
import { resolveImage } from '../../src/config/resolve.js';
import { architectures } from '../../src/machine/architectures.js';
import { usualDevices } from '../../src/machine/devices.js';
import { Libvirt } from '../../src/machine/libvirt.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { testHost } from '../support/host.js';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { install } from '../../src/install/installation.js';
import { makeSeedVolume } from '../../src/answers/seed-volume.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';
import { installOrigin } from '../../src/config/image-spec.js';

const minutes = 60_000;

/** What the guest does in place of an installer: it looks at its second disk, as cloud-init would, and powers off. */
const init = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
/bin/busybox --install -s
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
dmesg -n 1
for module in /seed-modules/*.ko; do insmod "$module"; done
find /usr/lib/modules -name 'virtio*.ko' >/modules
for round in 1 2 3 4; do
	while read -r module; do insmod "$module" 2>/dev/null; done </modules
done
sleep 1
exec >/dev/ttyS0
echo "read-only: vda $(cat /sys/block/vda/ro), vdb $(cat /sys/block/vdb/ro)"
# The volume's identifier: ECMA-119, 8.4
echo "label: $(dd if=/dev/vdb bs=1 skip=32808 count=32 2>/dev/null)"
mkdir /seed
mount -t iso9660 -o ro /dev/vdb /seed
for name in user-data meta-data; do sha256sum "/seed/$name"; done
sync
poweroff -f
`;

describe('an installer with a seed volume', function () {
  this.timeout(8 * minutes);
  let directory: string;
  before(async function () {
    if (!existsSync('/etc/debian_version')) {
      console.log("      skipped: its guest is made of Debian's packages; run it on Debian with: make check");
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), 'seed-volume-'));
    // QEMU's user in libvirt's system mode must be able to search it.
    chmodSync(directory, 0o711);
    await execa(join(programDirectory, 'demo/make-netboot'), [join(directory, 'netboot')]);
    await addInit(join(directory, 'netboot'));
  });
  after(() => {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });

  /** Puts our own first process into the initrd of the demo, with the modules for the volume's file system. */
  async function addInit(netboot: string): Promise<void> {
    const [deb = ''] = (await execa('sh', ['-c', 'ls "$1"/.debs/linux-image-*.deb', 'sh', netboot])).stdout.split('\n');
    const tree = join(directory, 'tree');
    mkdirSync(join(tree, 'seed-modules'), { recursive: true });
    await execa('dpkg-deb', ['-x', deb, join(directory, 'kernel')]);
    for (const name of ['cdrom', 'isofs']) {
      const found = await execa('find', [join(directory, 'kernel'), '-name', `${name}.ko*`]);
      const module = found.stdout.split('\n')[0] ?? '';
      if (module === '') continue;
      const { stdout } = await execa(module.endsWith('.xz') ? 'xzcat' : 'cat', [module], { encoding: 'buffer' });
      writeFileSync(join(tree, 'seed-modules', `${name}.ko`), stdout);
    }
    writeFileSync(join(tree, 'init'), init, { mode: 0o755 });
    const archive = 'cd "$1" && find . | cpio --quiet --create --format=newc | gzip >>"$2"';
    await execa('sh', ['-c', archive, 'sh', tree, join(netboot, 'initrd.gz')]);
  }

  it('finds it as a second, read-only disk with the label CIDATA and its files byte for byte', async () => {
    const configuration = new Configuration([], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'ubuntu-24.04', {}, '2026-11-21');
    const { content } = await renderAnswerFile(answerFileSource(spec));
    const answerFile = join(directory, 'ubuntu.autoinstall');
    writeFileSync(answerFile, content);

    const host = testHost();
    const seedVolume = join(directory, 'seed.iso');
    await makeSeedVolume(host, answerFile, {
      kind: 'autoinstall',
      volume: seedVolume,
      scratchDirectory: join(directory, 'seed'),
    });
    const disk = join(directory, 'disk.raw');
    await execa('qemu-img', ['create', '-q', disk, '16M']);
    const consoleLog = join(directory, 'console.log');
    const libvirt = new Libvirt(host, spec.connect);
    await libvirt.ensureReachable();
    try {
      await install(
        host,
        libvirt,
        {
          spec: { ...spec, origin: installOrigin(spec), append: 'console=ttyS0' },
          machine: {
            ...spec,
            hardware: {
              architecture: architectures.x86_64,
              firmware: architectures.x86_64.firmwares[0],
              devices: usualDevices,
              ...{ virtType: 'qemu', cores: 1, ram: 256 * 2 ** 20, mac: undefined },
            },
            domain: `image-factory-seed-${process.pid}`,
            consoleLog,
            nvram: join(directory, 'nvram'),
          },
          location: { kind: 'netboot', directory: join(directory, 'netboot'), linux: 'linux', initrd: 'initrd.gz' },
          scratchDirectory: join(directory, 'scratch'),
          ...{ disk, answerFile, seedVolume },
        },
        5 * minutes,
      );
    } finally {
      await host.release.releaseAll(host.log);
    }

    const said = readFileSync(consoleLog, 'utf8');
    const sum = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(said).to.contain('read-only: vda 0, vdb 1');
    expect(said).to.match(/^label: CIDATA *\r?$/m);
    expect(said).to.contain(`${sum(content)}  /seed/user-data`);
    expect(said).to.contain(`${sum('instance-id: image-factory\n')}  /seed/meta-data`);
    // libvirt gave it to QEMU's user for the while; nobody else could read it then, nor can now.
    expect(statSync(seedVolume).mode & 0o077).to.equal(0);
  });
});
