import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { Configuration } from '../../src/config/configuration.js';
import { resolveImage } from '../../src/config/resolve.js';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';

/** What a system has that subiquity installed, as far as the script at the end of an installation looks at it. */
const installed = `
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
mkdir -p /etc/default /etc/netplan /etc/ssh /etc/cloud/cloud.cfg.d /etc/udev/rules.d /etc/apt/apt.conf.d
echo 'GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"' >/etc/default/grub
touch /etc/netplan/50-cloud-init.yaml /etc/ssh/ssh_host_rsa_key /etc/cloud/cloud.cfg.d/99-installer.cfg
echo 'Acquire::http::Proxy "http://proxy/";' >/etc/apt/apt.conf.d/90curtin-aptproxy
echo 'deb http://mirror/ubuntu noble main' >/etc/apt/sources.list
mkdir -p /usr/lib/grub/i386-pc /etc/initramfs-tools/conf.d
echo MODULES=dep >/etc/initramfs-tools/conf.d/driver-policy
mkdir /stubs
for program in systemctl update-grub update-initramfs grub-install apt-get cloud-init; do
	printf '#!/bin/sh\\necho "\${0##*/} $*" >>/calls\\n' >/stubs/$program
done
printf '#!/bin/sh\\nwhile [ "$1" != -- ]; do shift; done\\nshift\\nexec "$@"\\n' >/stubs/curtin
mkdir -p /usr/lib/apt
printf '#!/bin/sh\\necho "apt-helper $2" >>/calls\\nprintf "%%s PGP KEY" "\${KEY:-BEGIN}" >"$3"\\n' >/usr/lib/apt/apt-helper
chmod 755 /stubs/* /usr/lib/apt/apt-helper
`;

/** Keeps what is written in a directory of its own: an overlay over this machine's root, in a namespace of its own. */
const insideOverlay = `
set -eu
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --bind /dev "$1/root/dev"
cp "$2/installed" "$2/order" "$1/root/"
chroot "$1/root" /bin/sh -eu /installed
status=0
PATH=/stubs:$PATH chroot "$1/root" sh -c 'sh -c "$(cat /order)"' || status=$?
cp -a "$1/root/etc" "$2/etc"
for made in calls root/.ssh home post-script-was-here; do
	if [ -e "$1/upper/$made" ]; then mkdir -p "$2/$(dirname "$made")"; cp -a "$1/upper/$made" "$2/$made"; fi
done
exit $status
`;

describe('the script at the end of an installation with subiquity', () => {
  let directory: string;
  beforeEach(function () {
    if (process.getuid?.() !== 0) {
      console.log(
        '      skipped: needs root, for a mount namespace: sudo node_modules/.bin/mocha --spec test/integration/autoinstall-finish.test.ts',
      );
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), 'autoinstall-finish-'));
  });
  afterEach(() => {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });

  const path = (file: string) => join(directory, 'results', file);
  const contentOf = (file: string) => readFileSync(path(file), 'utf8');
  const calls = () => contentOf('calls').split(/ *\n/);

  /** Runs the late command of an image as subiquity does, in a copy of this machine's files; nothing of it changes. */
  async function finish(changed: Readonly<Record<string, string>> = {}): Promise<void> {
    const lines = Object.entries(changed).map(
      ([name, value]) => `${name} = ${value.replaceAll('$', '$$$$').replaceAll('\n', '\n  ')}\n`,
    );
    const own = [{ name: 'my.conf', text: `[DEFAULT]\n${lines.join('')}` }];
    const configuration = new Configuration(own, Configuration.shippedSources());
    const source = answerFileSource(resolveImage(configuration, 'ubuntu-24.04', {}, '2026-11-21'));
    const userData = parse((await renderAnswerFile(source)).content.toString()) as {
      autoinstall: { 'late-commands': [string] };
    };
    mkdirSync(join(directory, 'overlay'));
    mkdirSync(join(directory, 'results'));
    writeFileSync(path('installed'), installed);
    writeFileSync(path('order'), userData.autoinstall['late-commands'][0]);
    const script = ['sh', '-c', insideOverlay, 'sh', join(directory, 'overlay'), join(directory, 'results')];
    execFileSync('unshare', ['--mount', '--propagation', 'private', ...script], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  it('makes a golden image of what was installed', async () => {
    await finish({ hostname: 'web', domain: 'example.org' });
    expect(contentOf('etc/hostname')).to.equal('web\n');
    expect(contentOf('etc/hosts')).to.match(/^127\.0\.1\.1\tweb\.example\.org web$/m);
    expect(contentOf('etc/machine-id')).to.equal('');
    expect(contentOf('etc/shadow')).to.match(/^root:!:/m);
    expect(readdirSync(path('etc/netplan'))).to.deep.equal([]);
    for (const gone of ['ssh/ssh_host_rsa_key', 'cloud', 'apt/sources.list', 'apt/apt.conf.d/90curtin-aptproxy']) {
      expect(existsSync(path(`etc/${gone}`)), gone).to.be.false;
    }
    expect(contentOf('etc/default/grub.d/golden-image.cfg')).to.contain(
      "GRUB_CMDLINE_LINUX='console=tty0 console=ttyS0,115200'",
    );
    const sources = contentOf('etc/apt/sources.list.d/ubuntu.sources');
    expect(sources)
      .to.match(/^Suites: noble noble-updates noble-backports$/m)
      .and.match(/^URIs: http:\/\/security\.ubuntu\.com\/ubuntu$/m);
    expect(calls()).to.include.members(['update-grub', 'apt-get -y purge --auto-remove cloud-init', 'apt-get clean']);
  });

  it('makes a disk that boots by BIOS and by UEFI, in any machine', async () => {
    await finish({});
    expect(calls()).to.include.members([
      'grub-install --target=x86_64-efi --uefi-secure-boot --no-nvram',
      'grub-install --target=i386-pc /dev/vda',
      'update-initramfs -u -k all',
    ]);
    expect(contentOf('etc/initramfs-tools/conf.d/zz-golden-image')).to.equal('MODULES=most\n');
    expect(contentOf('etc/fstab')).to.equal(
      'LABEL=cloudimg-rootfs / ext4 defaults 0 1\nLABEL=ESP /boot/efi vfat umask=0077 0 2\n',
    );
  });

  it('honours the description', async () => {
    const script = path('../post-script');
    writeFileSync(script, '#!/bin/sh\necho "it\'s 100%" >/post-script-was-here\n');
    await finish({
      'root-password-hash': '$6$salt$hash/of.root',
      user: 'ops',
      'user-password-hash': '$6$salt$hash/of.ops',
      'ssh-authorized-keys': "ssh-ed25519 AAAA it's me\nssh-ed25519 BBBB",
      packages: 'nginx cloud-init',
      'services-disabled': 'cron',
      'extra-repositories': 'tools https://tools/apt stable main contrib key=https://tools/key\nflat https://flat/ ./',
      firewall: 'yes',
      'post-script': script,
    });
    expect(contentOf('etc/shadow')).to.contain('root:$6$salt$hash/of.root:').and.contain('ops:$6$salt$hash/of.ops:');
    for (const home of ['root', 'home/ops']) {
      expect(contentOf(`${home}/.ssh/authorized_keys`)).to.equal("ssh-ed25519 AAAA it's me\nssh-ed25519 BBBB\n");
      expect(statSync(path(`${home}/.ssh/authorized_keys`)).mode & 0o777).to.equal(0o600);
    }
    expect(contentOf('etc/apt/sources.list.d/tools.list')).to.equal(
      'deb [signed-by=/etc/apt/keyrings/tools.asc] https://tools/apt stable main contrib\n',
    );
    expect(contentOf('etc/apt/sources.list.d/flat.list').trimEnd()).to.equal('deb https://flat/ ./');
    expect(contentOf('etc/nftables.conf')).to.contain('tcp dport 22 accept');
    expect(contentOf('post-script-was-here')).to.equal("it's 100%\n");
    expect(existsSync(path('etc/cloud/cloud.cfg.d/99-installer.cfg'))).to.be.false;
    expect(calls()).to.include.members([
      'apt-helper https://tools/key',
      'apt-get -y --no-install-recommends install nginx cloud-init',
      'cloud-init clean --logs',
      'systemctl disable cron',
    ]);
  });

  it('fails where one of its commands does', async () => {
    const script = path('../post-script');
    writeFileSync(script, 'exit 3\n');
    let failure: unknown;
    await finish({ 'post-script': script }).catch((error: unknown) => (failure = error));
    expect(failure).to.have.property('status', 3);
  });
});
