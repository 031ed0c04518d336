import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { execa } from 'execa';
import { Configuration } from '../../src/config/configuration.js';
import { resolveImage } from '../../src/config/resolve.js';
import type { Manifest } from '../../src/contents/manifest.js';
import { baseNameIn } from '../support/demo-image.js';
import type { Layout } from '../../src/layout/layout.js';
import { imageLayout } from '../../src/layout/image-layout.js';
import { architectureNamed } from '../../src/machine/architectures.js';
import { expectMounts, expectPartitions } from '../support/installed-layout.js';
import { describeClones } from './cloud-clones.js';
import { SerialConsole } from '../support/serial-console.js';
import {
  prepare,
  serve,
  udebSuite,
  vouchesForInstaller,
  type MirroredArchitecture,
  type ServedMirror,
} from './debian-mirror.js';
import { freePort } from '../support/free-port.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Kept between runs: the mirror's packages are downloaded once, and the last image can be looked at. */
const workDirectory = join(root, 'build/e2e');
const mirrorDirectory = join(workDirectory, 'mirror');
const password = 'golden';

interface Installation {
  readonly image: string;
  readonly suite: string;
  readonly arch: MirroredArchitecture;
  readonly version: string;
  /** Description options that are not at their defaults. */
  readonly described: string;
  /** How root gets in: by a password on the serial console, or, locked as it is by default, by a key. */
  readonly rootLogin: 'password' | 'key';
  /** What `findmnt` and `lsblk` say of the disk. */
  readonly disk: RegExp;
  /** What is seen in the installed system beside what every golden image has. */
  readonly seen: Readonly<Record<string, { command: string; answer: RegExp }>>;
}

const hybrid = {
  arch: 'amd64',
  described: '',
  rootLogin: 'key',
  disk: /^\/dev\/vda3 ext4\ndisk\npart\npart\npart\n$/,
  seen: {},
} as const;

/**
 * The images to install, half an hour each without KVM: `make check-e2e IMAGES='debian-12 debian-13-described'`.
 * All are installed by the installer of Debian 13: it is the one whose components the mirror can make whole.
 */
const installations: Readonly<Record<string, Installation>> = {
  'debian-12': { image: 'debian-12', suite: 'bookworm', version: '12', ...hybrid },
  'debian-13': { image: 'debian-13', suite: 'trixie', version: '13', ...hybrid },
  'debian-13-arm64': {
    image: 'debian-13',
    suite: 'trixie',
    version: '13',
    ...hybrid,
    arch: 'arm64',
    described: 'timeout = 6h\nboot-timeout = 1h',
    disk: /^\/dev\/vda2 ext4\ndisk\npart\npart\n$/,
    seen: {
      'is a machine of arm64 that UEFI started': {
        command: 'uname -m; ls -d /sys/firmware/efi',
        answer: /^aarch64\n\/sys\/firmware\/efi\n$/,
      },
      'has a boot loader where UEFI looks without a boot entry': {
        command: 'ls /boot/efi/EFI/BOOT/BOOTAA64.EFI',
        answer: /^\/boot/,
      },
    },
  },
  'debian-13-server': {
    image: 'debian-13',
    suite: 'trixie',
    version: '13',
    arch: 'amd64',
    described: 'layout = server\nimage-size = 10G',
    rootLogin: 'key',
    disk: /^\/dev\/mapper\/vg-lv_root ext4\ndisk\npart\npart\npart\n(?:lvm\n){7}$/,
    seen: {
      'runs no program from where users write': {
        command: 'findmnt -rn -o OPTIONS /tmp; findmnt -rn -o OPTIONS /var/tmp; findmnt -rn -o OPTIONS /home',
        answer: /^rw,nosuid,nodev,noexec\S*\nrw,nosuid,nodev,noexec\S*\nrw,nosuid,nodev\S*\n$/,
      },
    },
  },
  'debian-13-cloud': {
    image: 'debian-13',
    suite: 'trixie',
    version: '13',
    ...hybrid,
    described: `boot-test = healthy
boot-test-disk = virtio, scsi, nvme, sata
boot-test-machine = pc, q35
cloud-init = NoCloud ConfigDrive
users = deploy
ssh-root = keys
ssh-passwords = no
files = \${output-dir}/files

[user deploy]
full-name = Deployer
authorized-keys = \${output-dir}/key.pub
groups = adm www-data
sudo = ALL=(root) NOPASSWD: /usr/bin/systemctl`,
    seen: {
      'has AppArmor with its profiles, and sessions in logind': {
        command: 'cat /sys/module/apparmor/parameters/enabled; aa-enabled; loginctl --no-legend list-sessions | wc -l',
        answer: /^Y\nYes\n[1-9]\d*\n$/,
      },
      'takes no passwords over SSH, and root by key only': {
        command: "sshd -T | grep -E '^(permitrootlogin|passwordauthentication|kbdinteractiveauthentication) ' | sort",
        answer: /^kbdinteractiveauthentication no\npasswordauthentication no\npermitrootlogin without-password\n$/,
      },
      'has the user with groups and a rule for sudo': {
        command: 'getent passwd deploy | cut -d: -f5,7; id -nG deploy; sudo -l -U deploy | tail -n 1',
        answer: /^Deployer:\/bin\/bash\ndeploy adm www-data\n\s*\(root\) NOPASSWD: \/usr\/bin\/systemctl\n$/,
      },
      'has the files that were copied, with their owners': {
        command:
          "cat /srv/www/hello; stat -c '%U %G %a %n' /srv/www /srv/www/hello /usr/local/bin/greet; greet; stat -c %A /lib /tmp",
        answer:
          /^hello\ndeploy www-data 750 \/srv\/www\ndeploy www-data 640 \/srv\/www\/hello\nroot root 755 \/usr\/local\/bin\/greet\ngreetings\nlrwxrwxrwx\ndrwxrwxrwt\n$/,
      },
      'keeps its time and waits for no cloud where there is none': {
        command:
          'systemctl is-active systemd-timesyncd; cloud-init status; networkctl --no-pager status | grep -c 80-dhcp.network',
        answer: /^active\nstatus: disabled\n/,
      },
      'has no unit that failed': { command: 'systemctl --failed --no-legend --plain | wc -l', answer: /^0\n$/ },
    },
  },
  'debian-13-uefi': {
    image: 'debian-13',
    suite: 'trixie',
    version: '13',
    ...hybrid,
    described: 'firmware = uefi',
  },
  'debian-13-described': {
    image: 'debian-13',
    suite: 'trixie',
    arch: 'amd64',
    version: '13',
    described: `root-filesystem = xfs
swap-size = 128M
timezone = Europe/Berlin
user = ops
packages = tree rsync -nano
services-enabled = rsync
services-disabled = systemd-timesyncd cron
extra-repositories = backports \${debian_mirror_in_guest} trixie-backports main
firewall = yes
post-script = \${output-dir}/post-script`,
    rootLogin: 'password',
    disk: /^\/dev\/vda4 xfs\ndisk\npart\npart\npart\npart\n$/,
    seen: {
      'uses its swap partition': { command: 'swapon --noheadings --show=NAME,SIZE', answer: /^\/dev\/vda3 1\d\dM\n$/ },
      'lives in its time zone': { command: 'readlink /etc/localtime', answer: /Europe\/Berlin/ },
      'has the packages that were added, and not the one that was left out': {
        command: "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' tree rsync nano 2>/dev/null",
        answer: /^rsync installed\ntree installed\n$/,
      },
      'starts the services that it shall, and no others': {
        command: 'systemctl is-enabled rsync systemd-timesyncd cron nftables ssh',
        answer: /^enabled\ndisabled\ndisabled\nenabled\nenabled\n$/,
      },
      'knows the further repository': {
        command: 'cat /etc/apt/sources.list.d/backports.list',
        answer: /^deb http:\S+\/debian trixie-backports main\n$/,
      },
      'ran the script at the end': { command: 'cat /etc/post-script-ran', answer: /^it's "done" by root\n$/ },
      'lets in nothing but SSH': {
        command: 'nft list chain inet filter input',
        answer: /policy drop;[^]*tcp dport 22 accept/,
      },
    },
  },
};
const chosen = (process.env.IMAGES ?? 'debian-13').split(/[\s,]+/);

for (const name of chosen) {
  const installation = installations[name];
  if (!installation) throw new Error(`IMAGES: '${name}' is none of ${Object.keys(installations).join(', ')}`);
  const { image, suite, arch, version, described, rootLogin, disk, seen } = installation;
  const outputDirectory = join(workDirectory, name);
  const baseName = () => baseNameIn(outputDirectory, image);

  describe(`${name}, installed for real by debian-installer`, () => {
    let mirror: ServedMirror;
    let layout: Layout;
    let machine: SerialConsole | undefined;
    let sshPort = 0;
    /** Runs a command as root in the installed system, and gives what it said. */
    let inside = (command: string): Promise<string> => ssh('root', command);

    async function ssh(user: string, command: string, port = sshPort): Promise<string> {
      const options = [
        'StrictHostKeyChecking=no',
        'UserKnownHostsFile=/dev/null',
        'IdentitiesOnly=yes',
        'LogLevel=ERROR',
      ];
      const { stdout } = await execa(
        'ssh',
        [
          ...options.flatMap((option) => ['-o', option]),
          ...['-i', join(outputDirectory, 'key'), '-p', String(port), `${user}@127.0.0.1`, command],
        ],
        { stripFinalNewline: false, reject: false },
      );
      return stdout;
    }

    before(async () => {
      await prepare(mirrorDirectory, arch, console.log);
      const netboot = join(
        mirrorDirectory,
        'debian/dists',
        suite,
        `main/installer-${arch}/current/images/netboot/debian-installer/${arch}`,
      );
      await mkdir(netboot, { recursive: true });
      for (const file of ['linux', 'initrd.gz']) await cp(join(mirrorDirectory, arch, file), join(netboot, file));
      mirror = await serve(mirrorDirectory);
    });

    after(async () => {
      await machine?.powerOff();
      await mirror.close();
    });

    it('is built from the shipped section, with only [DEFAULT] changed for this mirror', async () => {
      await mkdir(outputDirectory, { recursive: true });
      const configuration = join(outputDirectory, 'image-factory.conf');
      const key = join(outputDirectory, 'key');
      for (const file of [key, `${key}.pub`]) await rm(file, { force: true });
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
      await writeFile(
        join(outputDirectory, 'post-script'),
        `#!/bin/sh -e\necho "it's \\"done\\" by $(id -un)" >/etc/post-script-ran\n`,
      );
      await mkdir(join(outputDirectory, 'files/srv/www'), { recursive: true });
      await mkdir(join(outputDirectory, 'files/lib'), { recursive: true });
      await mkdir(join(outputDirectory, 'files/tmp'), { recursive: true });
      await mkdir(join(outputDirectory, 'files/usr/local/bin'), { recursive: true });
      await writeFile(join(outputDirectory, 'files/srv/www/hello'), 'hello\n');
      await writeFile(join(outputDirectory, 'files/usr/local/bin/greet'), '#!/bin/sh\necho greetings\n', {
        mode: 0o755,
      });
      await writeFile(join(outputDirectory, 'files.modes'), 'deploy www-data u=rwX,g=rX,o= /srv/www/\n');
      const verify = (await vouchesForInstaller(mirrorDirectory, arch)) ? 'available' : 'off';
      if (verify === 'off') console.log("skipped: the mirror's InRelease names another list of installer files");
      const hash = rootLogin === 'password' ? (await execa('openssl', ['passwd', '-6', password])).stdout : '';
      await writeFile(
        configuration,
        `[DEFAULT]
mirror-host = 10.0.2.2:${mirror.port}
debian_mirror = http://127.0.0.1:${mirror.port}/debian
udeb-suite = ${udebSuite(arch)}
arch = ${arch}
allow-unauthenticated = yes
verify = ${verify}
debian_mirror_in_guest = http://10.0.2.2:${mirror.port}/debian
output-dir = ${outputDirectory}
updates = no
hostname = golden
root-password-hash = ${hash.replaceAll('$', '$$$$')}
ssh-authorized-keys = \${output-dir}/key.pub
${described}
`,
      );
      const options = ['--config', configuration, '--cache-dir', join(workDirectory, 'cache')];
      await execa(join(root, 'bin/image-factory'), [image, ...options], { stdio: 'inherit' });
      const sources = Configuration.shippedSources();
      const files = [{ name: configuration, text: await readFile(configuration, 'utf8') }];
      layout = (await imageLayout(resolveImage(new Configuration(files, sources), image, {}, '2026-11-26')))!;
      const { size } = await stat(join(outputDirectory, `${baseName()}.qcow2`));
      console.log(`${baseName()}.qcow2: ${(size / 2 ** 20).toFixed(0)} MiB`);
      console.log(
        (await readFile(join(outputDirectory, `${baseName()}.log`), 'utf8')).match(/^.*\] done in.*$/gm)?.join('\n'),
      );
    });

    it('has the checksum that stands beside it', async () => {
      await execa('sha256sum', ['-c', `${baseName()}.qcow2.sha256sum`], { cwd: outputDirectory });
    });

    it('has the partitions of the layout', async () => {
      const raw = join(outputDirectory, 'disk.raw');
      await execa('qemu-img', ['convert', '-O', 'raw', join(outputDirectory, `${baseName()}.qcow2`), raw]);
      await expectPartitions(raw, layout);
      await rm(raw);
    });

    if (arch === 'amd64') {
      it('has the file systems and volumes of the layout, started by UEFI', async () => {
        const port = await freePort();
        const qcow2 = join(outputDirectory, `${baseName()}.qcow2`);
        const larger = join(outputDirectory, 'larger.qcow2');
        await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', qcow2, '-F', 'qcow2', larger, '20G']);
        const started = SerialConsole.boot(larger, { format: 'qcow2', memory: 1024, sshPort: port, firmware: 'uefi' });
        try {
          await started.expect(/golden login:/, 900);
          const run = (command: string) => ssh('root', command, port);
          for (let second = 0; second < 600 && (await run('echo up')) !== 'up\n'; second++) await sleep(1000);
          expect(await run('ls -d /sys/firmware/efi')).to.equal('/sys/firmware/efi\n');
          await expectMounts(run, layout);
          // Without a cloud, an image with cloud-init stays as it is.
          if (!/^cloud-init = /m.test(described) && layout.fileSystems.some(({ grow }) => grow)) {
            await run('systemctl is-system-running --wait');
            expect(Number(await run('df --output=size -B1M / | tail -n 1'))).to.be.above(18_000);
          }
        } finally {
          await started.powerOff();
          await rm(larger, { force: true });
        }
      });
    }

    it('was seen to boot before it got its name', async () => {
      const log = await readFile(join(outputDirectory, `${baseName()}.log`), 'utf8');
      expect(log).to.match(
        /The image boots by (BIOS|UEFI)[^:]*: (the console says '[\w-]+ login:'|systemctl is-system-running says 'running')/,
      );
      expect(await readFile(join(outputDirectory, `${baseName()}.boot.log`), 'utf8')).to.match(/^[\w-]+ login:/m);
      expect((await readFile(join(outputDirectory, `${baseName()}.boot.png`))).subarray(1, 4).toString()).to.equal(
        'PNG',
      );
    });

    it(`boots to a login prompt on the serial console, and lets root in by a ${rootLogin}`, async () => {
      sshPort = await freePort();
      const qcow2 = join(outputDirectory, `${baseName()}.qcow2`);
      machine = SerialConsole.boot(qcow2, {
        format: 'qcow2',
        memory: 1024,
        sshPort,
        architecture: architectureNamed(arch)!,
      });
      const console = machine;
      await console.expect(/golden login:/, 1800);
      if (rootLogin === 'password') {
        console.type('root');
        await console.expect(/Password:/, 60);
        console.type(password);
        await console.expect(/# $/, 120);
        // What comes up after the prompt, and the kernel, would write between the answers.
        await console.run('systemctl is-system-running --wait; dmesg -n 1', 300);
        inside = (command) => console.run(command);
      } else {
        // The prompt may be there before sshd is.
        for (let second = 0; second < 600 && (await inside('echo up')) !== 'up\n'; second++) await sleep(1000);
      }
      expect(await inside('cat /etc/debian_version')).to.match(new RegExp(`^${version}\\b`));
    });

    it('has the file systems and volumes of the layout', () => expectMounts(inside, layout));

    it('lets nobody in by a password that was not given', async () => {
      const locked = rootLogin === 'key';
      expect(await inside('getent shadow root')).to.match(locked ? /^root:\*:/ : /^root:\$6\$/);
    });

    it('holds exactly the packages that its manifest and its SBOM name', async () => {
      const read = async (end: string) =>
        JSON.parse(await readFile(join(outputDirectory, `${baseName()}.${end}`), 'utf8')) as unknown;
      const manifest = (await read('manifest.json')) as Manifest;
      const format = '${db:Status-Status} ${Package} ${Version} ${Architecture}\\n';
      const said = await inside(`dpkg-query -W -f '${format}' | sed -n 's/^installed //p'`);
      const installed = said.trim().split('\n').sort();
      const named = manifest.packages?.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`);
      expect(installed.length).to.be.greaterThan(100);
      expect(named?.sort()).to.deep.equal(installed);
      const { components } = (await read('cdx.json')) as { components: { type: string; name: string }[] };
      expect(components.filter(({ type }) => type === 'library').map(({ name }) => name)).to.deep.equal(
        manifest.packages?.map(({ name }) => name),
      );
      expect(manifest.kernels).to.deep.equal([(await inside('uname -r')).trim()]);
    });

    const golden: Record<string, { command: string; answer: RegExp }> = {
      'has the partitions that were asked for': {
        command: 'findmnt -n -o SOURCE,FSTYPE /; lsblk -nr -o TYPE /dev/vda',
        answer: disk,
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
        command: 'cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null | grep -c 10.0.2.2',
        answer: /^0\n$/,
      },
      'brings processors and memory that are plugged in to work': {
        command: 'grep -c online /etc/udev/rules.d/80-hotplug.rules',
        answer: /^2\n$/,
      },
      ...seen,
    };
    for (const [title, { command, answer }] of Object.entries(golden)) {
      it(title, async () => {
        expect(await inside(command)).to.match(answer);
      });
    }

    if (/^cloud-init = /m.test(described)) {
      describeClones({
        image: () => join(outputDirectory, `${baseName()}.qcow2`),
        key: join(outputDirectory, 'key'),
        directory: join(outputDirectory, 'clones'),
        run: ssh,
        freePort,
        endMachine: async () => machine?.powerOff(),
      });
    }

    if (/^user = /m.test(described)) {
      it('lets the user in with the key, and become root', async () => {
        expect(await ssh('ops', 'id -un; sudo -n id -un')).to.equal('ops\nroot\n');
      });
    }
  });
}
