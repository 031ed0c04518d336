import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { rejection, testHost } from '../support/host.js';
import { UsageError } from '../../src/host/failure.js';
import { findProgram } from '../../src/host/programs.js';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { kickstartVersion, validateKickstart } from '../../src/answers/validators/kickstart.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';
import { expectGolden } from '../support/golden.js';
import { defaultSection, described, shippedAnswerFile, shippedImages, shippedSpec } from '../support/shipped-images.js';
import { Sandbox } from '../support/kickstart-sandbox.js';

/** A shipped image's Kickstart file with options changed as somebody's [DEFAULT] would. */
function render(image: string, changed: Readonly<Record<string, string>> = {}): Promise<string> {
  return shippedAnswerFile(image, defaultSection(changed));
}

const images = shippedImages('kickstart');

let directory: string;
before(() => (directory = mkdtempSync(join(tmpdir(), 'kickstart-'))));
after(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Every description option at a value other than its default. */
function everything(): Record<string, string> {
  return {
    ...described,
    'root-password-hash': '$6$salt$hash/of.root',
    'user-password-hash': '$6$salt$hash/of.ops',
    'ssh-authorized-keys': "ssh-ed25519 AAAA it's me\nssh-ed25519 BBBB",
    packages: '@^minimal-environment vim-enhanced iwl*-firmware -nano -@fonts',
    'services-enabled': 'chronyd',
    'services-disabled': 'kdump.service',
    'extra-repositories':
      'epel https://mirror.example.org/epel key=https://mirror.example.org/epel.key\nown http://own/$releasever',
    'kernel-arguments': 'console=ttyS0 selinux="x y"',
    'swap-size': '512M',
    'root-filesystem': 'xfs',
    firewall: 'yes',
    selinux: 'permissive',
    'post-script': file('post-script', '#!/bin/sh\ncat >/post-script-was-here <<END\n%end\n%post\nEND\n'),
  };
}

function lackOfKsvalidator(): string | undefined {
  if (findProgram('ksvalidator') !== undefined) return undefined;
  return '      skipped: ksvalidator is not installed; Debian has no package of it: pipx install pykickstart';
}

describe('the Kickstart files of the shipped images', () => {
  it('are there for each distribution and release', () => {
    expect(images).to.have.members([
      ...['centos-stream-9', 'centos-stream-10'],
      ...['rocky', 'almalinux', 'rhel'].flatMap((name) => ['8', '9', '10'].map((release) => `${name}-${release}`)),
      ...['fedora-43', 'fedora-44'],
    ]);
  });

  for (const image of images) {
    it(`are those that were agreed on: ${image}`, async () => {
      expectGolden(`${image}.ks`, await render(image));
    });
  }

  it('are as ksvalidator wants them, with every option and with none', async function () {
    const lack = lackOfKsvalidator();
    if (lack !== undefined) {
      console.log(lack);
      this.skip();
    }
    for (const image of images) {
      const texts = [await render(image), await render(image, everything())];
      if (image.startsWith('fedora'))
        texts.push(await render(image, { 'root-filesystem': 'btrfs', updates: 'no', firewall: 'no' }));
      for (const text of texts) {
        const found = await validateKickstart(testHost(), file('ks.cfg', text), kickstartVersion(text) ?? '');
        expect(found, image).to.deep.equal([]);
      }
    }
  });

  it("say what can't be done", async () => {
    const problems = async (image: string, changed: Readonly<Record<string, string>>) => {
      const error = await rejection(render(image, changed));
      expect(error).to.be.instanceOf(UsageError);
      return (error as UsageError).problems.join('\n');
    };
    expect(await problems('rocky-9', { 'root-filesystem': 'btrfs' })).to.match(
      /btrfs: kickstart can't do that: .*Fedora/,
    );
    expect(await problems('rocky-9', { updates: 'no' })).to.match(/updates = no: kickstart can't do that/);
    expect(await problems('fedora-44', { 'extra-repositories': 'own http://own/ stable main' })).to.match(/no suites/);
    expect(await problems('rhel-9', { 'rhel-mirror': '' })).to.match(
      /^rhel-mirror is not set: set it in \[DEFAULT\] to/,
    );
    expect(await problems('rocky-9', { packages: "x'\n%end" })).to.match(/expected names of packages/);
  });
});

interface Reading {
  readonly words: readonly (readonly string[])[];
  /** null where pykickstart is not installed. */
  readonly parsed: {
    readonly errors: number;
    readonly scripts: readonly string[];
    readonly repositories: readonly (readonly [string, string])[];
    readonly packages: readonly string[];
    readonly leftOut: readonly string[];
    readonly [value: string]: unknown;
  } | null;
}

/** What Python reads in Kickstart files, all in one process. */
function read(texts: readonly string[]): Reading[] {
  const input = JSON.stringify(texts.map((text) => ({ version: kickstartVersion(text), text })));
  const script = join(import.meta.dirname, 'kickstart.py');
  return JSON.parse(
    execFileSync('/usr/bin/python3', [script], {
      input,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  ) as Reading[];
}

/** The script behind %post, and the same before it was put into base64. */
function postOf(text: string): { readonly script: string; readonly decoded: string } {
  const script = /^%post .*\n([^]*?)\n%end$/m.exec(text)?.[1] ?? '';
  const encoded = /^eval "\$\(echo (\S+) \| base64 -d\)"$/m.exec(script)?.[1] ?? '';
  return { script, decoded: Buffer.from(encoded, 'base64').toString() };
}

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...["'", '"', '\\', '$(reboot)', '`reboot`', '${HOME}', '<', '&', ';', '#', '%', ' ', '\t', '\n', '=', '--'],
        ...[
          '\n%end\n',
          '\n%post\nreboot\n%end\n',
          '\n%include /x',
          '\n%ksappend file:/x',
          '\u2028%end',
          '\u0085%end\u2029',
        ],
        ...["'\"'\"'", '{{user}}', 'ü', '日本', '\u{1f600}'],
      ),
      // eslint-disable-next-line no-control-regex -- control characters are an error, of which another test tells
      fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !/[\0-\x08\x0b-\x1f\x7f]/.test(text)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

/** How a value looks that goes over several lines, in a language that has one line for it. */
const oneLine = (value: string) => value.replace(/\s*\n\s*/g, ' ').replace(/[\u0085\u2028\u2029]/g, ' ');

describe('values in a Kickstart file', () => {
  const source = answerFileSource(shippedSpec('rocky-10'));

  it('never break out of their place', async () => {
    const samples = fc.sample(hostile, { numRuns: 100, seed: 4 });
    const plain = read([await renderWith('x', '')])[0]!;
    const texts = await Promise.all(samples.map((value, index) => renderWith(value, file(`script-${index}`, value))));
    const readings = read(texts);
    for (const [index, value] of samples.entries()) {
      const about = JSON.stringify(value);
      const reading = readings[index]!;
      const line = oneLine(`x${value}`);
      expect(
        reading.words.map(([command]) => command),
        about,
      ).to.deep.equal(plain.words.map(([command]) => command));
      expect(reading.words, about).to.deep.include(['lang', line]);
      expect(reading.words, about).to.deep.include(['timezone', line, '--utc']);
      expect(reading.words, about).to.deep.include(['rootpw', '--iscrypted', line]);
      expect(reading.words, about).to.deep.include(['url', `--url=${line}`, `--proxy=${line}`]);
      if (reading.parsed === null) continue;
      const { lang, keymap, timezone, rootPassword, url, proxy, scripts, errors } = reading.parsed;
      expect([lang, keymap, timezone, rootPassword, url, proxy], about).to.deep.equal(Array(6).fill(line));
      expect([errors, scripts.length], about).to.deep.equal([0, 1]);
      expect(scripts[0]?.trimEnd(), about).to.equal(postOf(texts[index]!).script);
    }
    if (plain.parsed === null) {
      console.log('      only with the rules of pykickstart, not by itself: pipx install pykickstart');
    }
  });

  /** As `render`, but past the checks of the options' values, which would stop most of them. */
  async function renderWith(value: string, script: string): Promise<string> {
    const line = `x${value}`;
    const variables = {
      ...source.variables,
      ...Object.fromEntries(
        ['hostname', 'domain', 'locale', 'keymap', 'timezone', 'root-password-hash', 'proxy', 'tree'].map((name) => [
          name,
          line,
        ]),
      ),
      'kernel-arguments': value,
      'ssh-authorized-keys': `ssh-ed25519 AAAA ${value.replaceAll('\n', ' ')}`,
      'post-script': script,
    };
    return (await renderAnswerFile({ ...source, variables })).content.toString();
  }

  it('leave a script that a shell can read, and that holds them unchanged', async function () {
    for (const value of fc.sample(hostile, { numRuns: 30, seed: 5 })) {
      const { decoded } = postOf(await renderWith(value, file('script', value)));
      execFileSync('bash', ['-n'], { input: decoded });
      execFileSync('sh', ['-n'], { input: decoded });
      if (value === '') continue;
      const written = /^printf '%s' [^]*(?= >"\$post_script"$)/m.exec(decoded)?.[0] ?? '';
      expect(execFileSync('sh', ['-euc', written], { encoding: 'utf8' })).to.equal(value);
      const settings = /^printf 'GRUB_CMDLINE_LINUX=.*(?= >>"\$grub_settings"$)/m.exec(decoded)?.[0] ?? '';
      const grub = execFileSync('sh', ['-euc', settings], { encoding: 'utf8' });
      const seen = execFileSync('sh', ['-euc', `${grub}printf %s "$GRUB_CMDLINE_LINUX"`], { encoding: 'utf8' });
      expect(seen).to.equal(value.split(/\s+/).filter(Boolean).join(' '));
    }
  });

  it('leave a script that shellcheck has nothing against', async () => {
    const { decoded } = postOf(await render('rocky-9', everything()));
    execFileSync('shellcheck', ['--shell', 'bash', '--severity', 'warning', '-'], { input: `set -eu\n${decoded}` });
  });

  it('are what pykickstart reads', async function () {
    const [reading] = read([await render('fedora-44', everything())]);
    if (reading!.parsed === null) {
      console.log('      skipped: pykickstart is not installed; Debian has no package of it: pipx install pykickstart');
      this.skip();
    }
    const { scripts, packages, leftOut, ...values } = reading!.parsed;
    expect(scripts).to.have.length(1);
    expect(packages).to.include.members(['openssh-server', 'vim-enhanced', 'iwl*-firmware', 'sudo', 'firewalld']);
    expect(leftOut).to.include.members(['nano']);
    expect(values).to.deep.include({
      errors: 0,
      hostname: 'fedora.example.org',
      rootPassword: '$6$salt$hash/of.root',
      append: 'console=ttyS0 selinux="x y"',
    });
    expect(values.repositories).to.deep.include(['own', 'http://own/$releasever']);
  });
});

describe('the script at the end of a Kickstart installation', () => {
  let sandbox: Sandbox;
  beforeEach(function () {
    if (process.getuid?.() !== 0) {
      console.log(
        '      skipped: needs root, for a mount namespace: sudo node_modules/.bin/mocha --spec test/integration/kickstart.test.ts',
      );
      this.skip();
    }
    sandbox = new Sandbox();
  });
  afterEach(() => sandbox?.remove());

  it('makes a golden image of what was installed', async () => {
    sandbox.run(postOf(await render('rocky-9')).script);
    expect(sandbox.read('etc/machine-id')).to.equal('');
    expect(existsSync(sandbox.path('etc/ssh/ssh_host_rsa_key'))).to.be.false;
    expect(readdirSync(sandbox.path('etc/NetworkManager/system-connections'))).to.deep.equal(['ethernet.nmconnection']);
    expect(sandbox.read('etc/default/grub'))
      .to.match(/^GRUB_TIMEOUT=1$/m)
      .and.not.match(/rhgb/);
    expect(sandbox.read('etc/default/grub')).to.contain("GRUB_CMDLINE_LINUX='console=tty0 console=ttyS0,115200'");
    const calls = sandbox.read('calls').split('\n');
    expect(calls).to.include.members(['grub2-mkconfig -o /boot/grub2/grub.cfg', 'dnf clean all']);
    expect(calls).to.include.members([
      ...['NetworkManager', 'sshd', 'chronyd', 'grow-file-system@-'].map((unit) => `systemctl enable ${unit}.service`),
    ]);
    execFileSync('sh', ['-n', sandbox.path('usr/local/sbin/grow-file-system')]);
  });

  it('makes a disk that boots by BIOS and by UEFI, in any machine', async () => {
    sandbox.run(postOf(await render('rocky-9')).script);
    const calls = sandbox.read('calls').split('\n');
    expect(calls).to.include.members(['grub2-install --target=i386-pc /dev/vda', 'dracut --force --regenerate-all']);
    expect(sandbox.read('etc/dracut.conf.d/90-golden-image.conf')).to.equal('hostonly="no"\n');
    expect(sandbox.read('boot/grub2/grubenv')).to.equal('kernelopts=quiet\n');
    expect(lstatSync(sandbox.path('boot/grub2/grubenv')).isSymbolicLink()).to.be.false;
    expect(sandbox.read('boot/efi/EFI/rocky/grub.cfg')).to.equal(
      'search --no-floppy --fs-uuid --set=dev 0f5e8a1c\nset prefix=($dev)/boot/grub2\nexport $prefix\nconfigfile $prefix/grub.cfg\n',
    );
    expect(readdirSync(sandbox.path('boot/efi/EFI/BOOT'))).to.deep.equal([]);
    expect(sandbox.read('etc/fstab')).to.equal(
      'LABEL=cloudimg-rootfs / ext4 defaults 0 1\nLABEL=ESP /boot/efi vfat umask=0077 0 2\n',
    );
  });

  it('honours the description', async () => {
    sandbox.run(postOf(await render('rocky-9', everything())).script);
    expect(sandbox.read('etc/shadow')).to.contain('ops:$6$salt$hash/of.ops:');
    expect(sandbox.read('etc/group')).to.match(/^wheel:.*\bops$/m);
    execFileSync('visudo', ['--check', '--file', sandbox.path('etc/sudoers.d/golden-image')], { stdio: 'ignore' });
    for (const home of ['root', 'home/ops']) {
      expect(sandbox.read(`${home}/.ssh/authorized_keys`)).to.equal("ssh-ed25519 AAAA it's me\nssh-ed25519 BBBB\n");
      expect(statSync(sandbox.path(`${home}/.ssh/authorized_keys`)).mode & 0o777).to.equal(0o600);
    }
    expect(sandbox.read('home/deploy/.ssh/authorized_keys')).to.equal("ssh-ed25519 CCCC it's the deployer\n");
    expect(sandbox.read('etc/passwd')).to.match(/^deploy:x:\d+:\d+:De "Ploy" O'Ment:\/home\/deploy:\/bin\/bash$/m);
    expect(sandbox.read('etc/passwd')).to.match(/^ro:x:\d+:\d+::\/home\/ro:\/bin\/sh$/m);
    expect(sandbox.read('etc/shadow'))
      .to.match(/^deploy:!:/m)
      .and.contain('\nro:$6$salt$third:');
    expect(sandbox.read('etc/group')).to.match(/^www-data:.*\bdeploy$/m);
    expect(sandbox.read('etc/sudoers.d/golden-image-deploy')).to.equal(
      'deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx\ndeploy ALL=(root) /usr/bin/journalctl\n',
    );
    expect(sandbox.read('srv/www/hello')).to.equal('hello\n');
    expect(statSync(sandbox.path('srv/www/hello')).mode & 0o777).to.equal(0o640);
    expect(sandbox.read('etc/ssh/sshd_config.d/10-golden-image.conf')).to.equal(
      'PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n',
    );
    expect(sandbox.read('etc/cloud/cloud.cfg.d/95-golden-image-datasources.cfg')).to.equal(
      'datasource_list: [ NoCloud, ConfigDrive, None ]\n',
    );
    expect(sandbox.read('etc/NetworkManager/system-connections/ethernet.nmconnection')).to.match(
      /^autoconnect-priority=-10$/m,
    );
    expect(sandbox.read('etc/dnf/automatic.conf')).to.match(/^apply_updates = yes$/m);
    expect(sandbox.read('etc/yum.repos.d/epel.repo')).to.equal(
      '[epel]\nname=epel\nbaseurl=https://mirror.example.org/epel\nenabled=1\ngpgcheck=1\ngpgkey=https://mirror.example.org/epel.key\n',
    );
    expect(sandbox.read('etc/yum.repos.d/own.repo')).to.contain('baseurl=http://own/$releasever\n');
    expect(sandbox.read('post-script-was-here')).to.equal('%end\n%post\n');
    const calls = sandbox.read('calls').split('\n');
    expect(calls).to.include.members([
      ...['systemctl enable chronyd', 'systemctl disable kdump.service', 'systemctl enable sshd.service'],
      ...['cloud-init-local', 'cloud-init', 'cloud-final'].map((unit) => `systemctl enable ${unit}.service`),
      ...['cloud-init clean --logs', 'systemctl enable dnf-automatic.timer'],
    ]);
  });

  it('fails where one of its commands does', async () => {
    const { script } = postOf(await render('rocky-9', { 'post-script': file('failing', 'exit 3\n') }));
    expect(() => sandbox.run(script)).to.throw(/status 3|Command failed/);
  });
});
