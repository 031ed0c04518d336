import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { execa } from 'execa';
import type { Manifest } from '../../src/contents/manifest.js';
import { isoDate } from '../../src/config/resolve.js';
import { SerialConsole } from '../serial-console.js';
import { prepare, serve, udebSuite, type ServedMirror } from './debian-mirror.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Kept between runs: the mirror's packages are downloaded once, and the last image can be looked at. */
const workDirectory = join(root, 'build/e2e');
const password = 'golden';

/**
 * The images to install, half an hour each without KVM: `make check-e2e IMAGES='debian-12 debian-13'`.
 * Both are installed by the installer of Debian 13: it is the one whose components the mirror can make whole.
 */
const images = {
  'debian-12': { suite: 'bookworm', version: '12' },
  'debian-13': { suite: 'trixie', version: '13' },
} as const;
const chosen = (process.env.IMAGES ?? 'debian-13').split(/[\s,]+/) as (keyof typeof images)[];

for (const image of chosen) {
  const { suite, version } = images[image];
  const outputDirectory = join(workDirectory, image);
  const baseName = `${image}-${isoDate(new Date())}`;

  describe(`${image}, installed for real by debian-installer`, () => {
    let mirror: ServedMirror;
    let machine: SerialConsole | undefined;

    before(async () => {
      const directory = join(workDirectory, 'mirror');
      await prepare(directory, console.log);
      const netboot = join(
        directory,
        'debian/dists',
        suite,
        'main/installer-amd64/current/images/netboot/debian-installer/amd64',
      );
      await mkdir(netboot, { recursive: true });
      for (const file of ['linux', 'initrd.gz']) await cp(join(directory, file), join(netboot, file));
      mirror = await serve(directory);
    });

    after(async () => {
      await machine?.powerOff();
      await mirror.close();
    });

    it('is built from the shipped section, with only [DEFAULT] changed for this mirror', async () => {
      await mkdir(outputDirectory, { recursive: true });
      const configuration = join(outputDirectory, 'image-factory.conf');
      const hash = (await execa('openssl', ['passwd', '-6', password])).stdout;
      await writeFile(
        configuration,
        `[DEFAULT]
mirror-host = 10.0.2.2:${mirror.port}
debian_mirror = http://127.0.0.1:${mirror.port}/debian
udeb-suite = ${udebSuite}
allow-unauthenticated = yes
updates = no
root-password-hash = ${hash.replaceAll('$', '$$$$')}
`,
      );
      const options = [
        '--config',
        configuration,
        '--output-dir',
        outputDirectory,
        '--cache-dir',
        join(workDirectory, 'cache'),
      ];
      await execa(join(root, 'bin/image-factory'), [image, ...options], { stdio: 'inherit' });
      const { size } = await stat(join(outputDirectory, `${baseName}.qcow2`));
      console.log(`${baseName}.qcow2: ${(size / 2 ** 20).toFixed(0)} MiB`);
      console.log(
        (await readFile(join(outputDirectory, `${baseName}.log`), 'utf8')).match(/^.*\] done in.*$/gm)?.join('\n'),
      );
    });

    it('has the checksum that stands beside it', async () => {
      await execa('sha256sum', ['-c', `${baseName}.qcow2.sha256sum`], { cwd: outputDirectory });
    });

    it('was seen to boot before it got its name', async () => {
      const log = await readFile(join(outputDirectory, `${baseName}.log`), 'utf8');
      expect(log).to.include("The image boots: the console says 'debian login:'");
      expect(await readFile(join(outputDirectory, `${baseName}.boot.log`), 'utf8')).to.include('debian login:');
      expect((await readFile(join(outputDirectory, `${baseName}.boot.png`))).subarray(1, 4).toString()).to.equal('PNG');
    });

    it('boots to a login prompt on the serial console, and lets root in', async () => {
      machine = SerialConsole.boot(join(outputDirectory, `${baseName}.qcow2`), { format: 'qcow2', memory: 1024 });
      await machine.expect(/debian login:/, 600);
      machine.type('root');
      await machine.expect(/Password:/, 60);
      machine.type(password);
      await machine.expect(/# $/, 120);
      expect(await machine.run('cat /etc/debian_version')).to.match(new RegExp(`^${version}\\b`));
    });

    it('holds exactly the packages that its manifest and its SBOM name', async () => {
      const read = async (end: string) =>
        JSON.parse(await readFile(join(outputDirectory, `${baseName}.${end}`), 'utf8')) as unknown;
      const manifest = (await read('manifest.json')) as Manifest;
      const format = '${db:Status-Status} ${Package} ${Version} ${Architecture}\\n';
      const said = (await machine?.run(`dpkg-query -W -f '${format}' | sed -n 's/^installed //p'`)) ?? '';
      const installed = said.trim().split('\n').sort();
      const named = manifest.packages?.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`);
      expect(installed.length).to.be.greaterThan(100);
      expect(named?.sort()).to.deep.equal(installed);
      const { components } = (await read('cdx.json')) as { components: { type: string; name: string }[] };
      expect(components.filter(({ type }) => type === 'library').map(({ name }) => name)).to.deep.equal(
        manifest.packages?.map(({ name }) => name),
      );
      expect(manifest.kernels).to.deep.equal([(await machine?.run('uname -r'))?.trim()]);
    });

    const golden: Record<string, { command: string; answer: RegExp }> = {
      'has one ext4 root partition': {
        command: 'findmnt -n -o SOURCE,FSTYPE /; lsblk -nr -o TYPE /dev/vda',
        answer: /^\/dev\/vda1 ext4\ndisk\npart\n$/,
      },
      'got its address by DHCP': { command: 'ip -4 -o addr show scope global', answer: /10\.0\.2\.15/ },
      'made its host keys when it booted': {
        command: 'systemctl is-active ssh; ls /etc/ssh/ssh_host_*_key | wc -l',
        answer: /^active\n[2-9]\n$/,
      },
      'has a machine id of its own': { command: 'wc -c < /etc/machine-id', answer: /^33\n$/ },
      'runs the guest agent where there is a channel for it': {
        command: "dpkg-query -W -f '${Status}' qemu-guest-agent",
        answer: /install ok installed/,
      },
      'keeps no trace of the installer': {
        command: 'ls -d /var/log/installer /etc/apt/apt.conf 2>&1 | grep -v "No such file" | wc -l',
        answer: /^0\n$/,
      },
      'takes packages from the mirror it shall use': {
        command: 'cat /etc/apt/sources.list.d/* /etc/apt/sources.list 2>/dev/null | grep -c 10.0.2.2',
        answer: /^0\n$/,
      },
      'brings processors and memory that are plugged in to work': {
        command: 'grep -c online /etc/udev/rules.d/80-hotplug.rules',
        answer: /^2\n$/,
      },
    };
    for (const [title, { command, answer }] of Object.entries(golden)) {
      it(title, async () => {
        expect(await machine?.run(command)).to.match(answer);
      });
    }
  });
}
