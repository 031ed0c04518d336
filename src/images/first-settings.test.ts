import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Configuration } from '../config/configuration.js';
import { resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { firstSettings, settingsToCheck } from './first-settings.js';
import { expectLikedByShellcheck } from '../../test/support/shellcheck.js';

describe('firstSettings', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'settings-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  function configured(...lines: readonly string[]) {
    const file = join(root, 'image-factory.conf');
    writeFileSync(file, ['[group web]', 'packages = apt', '[web]', 'group = web', ...lines, ''].join('\n'));
    const configuration = Configuration.load(file);
    return { configuration, spec: resolveImage(configuration, 'web', {}, '2026-01-01') };
  }

  /** The script, as in a tree whose root directory is the test's. */
  async function script(...lines: readonly string[]): Promise<string> {
    const text = await firstSettings(configured(...lines).spec, 'deb');
    return text.replaceAll(/\/(?:etc|lib)\//g, (path) => `${root}${path}`);
  }

  const run = (text: string) => execFileSync('sh', ['-euc', `umask 077\nmkdir -p ${root}/etc\n${text}`]);
  const content = (path: string) => readFileSync(join(root, path), 'utf8');

  it('names the system', async () => {
    run(await script('hostname = web', 'domain = example.org', 'timezone = Europe/Berlin'));
    expect(content('etc/hostname')).to.equal('web\n');
    expect(content('etc/hosts')).to.equal(
      '127.0.0.1 localhost\n127.0.1.1 web.example.org web\n::1 localhost ip6-localhost\n',
    );
    expect(content('etc/timezone')).to.equal('Europe/Berlin\n');
  });

  it('leaves nothing of the machine that builds, neither content nor modes', async () => {
    const options = join(root, 'etc/apt/apt.conf.d/99mmdebstrap');
    mkdirSync(dirname(options), { recursive: true });
    writeFileSync(options, 'Apt::Install-Recommends "false";\n');
    writeFileSync(join(root, 'etc/hostname'), 'builder\n', { mode: 0o755 });
    for (const name of ['resolv.conf', '.resolv.conf.systemd-resolved.bak']) {
      writeFileSync(join(root, 'etc', name), 'nameserver 192.0.2.53\n');
    }
    run(await script('hostname = web'));
    for (const name of ['hostname', 'hosts', 'timezone']) {
      expect(statSync(join(root, 'etc', name)).mode & 0o777, name).to.equal(0o644);
    }
    expect(existsSync(join(root, 'etc/resolv.conf'))).to.be.false;
    expect(existsSync(options), 'how apt was called').to.be.false;
    expect(existsSync(join(root, 'etc/.resolv.conf.systemd-resolved.bak'))).to.be.false;
  });

  it('means by users, keys and sudo what an answer file means', async () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ alice@example.org';
    writeFileSync(join(root, 'alice.pub'), `${key}\n`);
    const text = await script(
      `ssh-authorized-keys = ${join(root, 'alice.pub')}`,
      ...['ssh-root = no', 'user = alice', 'users = ops'],
      ...['[user ops]', 'sudo = ALL=(root) NOPASSWD: /usr/bin/apt-get'],
    );
    expect(text).to.include(`printf '%s\\n' '${key}'`);
    expect(text).to.include('for account in alice; do');
    expect(text).to.include("echo alice 'ALL=(ALL:ALL) NOPASSWD: ALL'");
    expect(text).to.include('ALL=(root) NOPASSWD: /usr/bin/apt-get');
    expect(text).to.include("echo 'PermitRootLogin no'");
  });

  it('lets the disk grow in each machine, where a layout says what it looks like', async () => {
    expect(await script('layout = hybrid')).to.include('systemctl enable "grow-file-system@');
    expect(await script()).not.to.include('grow-file-system');
  });

  for (const packaging of ['deb', 'rpm'] as const) {
    it(`is a script that a shell reads, and shellcheck likes: ${packaging}`, async function () {
      const everything = [
        ...[
          'layout = hybrid',
          'user = alice',
          'user-password-hash = $$6$$salt$$hash',
          'root-password-hash = $$6$$salt$$hash',
        ],
        ...[
          'ssh-root = keys',
          'ssh-passwords = no',
          'ssh-authorized-keys = ssh-ed25519 AAAA it is "mine"',
          'users = ops',
        ],
        ...['firewall = yes', 'cloud-init = NoCloud', 'unattended-upgrades = yes', 'services-enabled = nginx'],
        ...['services-disabled = cron', `post-script = ${join(root, 'image-factory.conf')}`],
        ...['[user ops]', 'sudo = ALL=(root) NOPASSWD: /usr/bin/apt-get', "full-name = O'Neill"],
      ];
      const scripts = [
        await firstSettings(configured().spec, packaging),
        await firstSettings(configured(...everything).spec, packaging),
      ];
      for (const input of scripts) execFileSync('sh', ['-n'], { input });
      expectLikedByShellcheck(this, scripts);
    });
  }

  it('is told when a post-script makes it longer than a program takes', async () => {
    writeFileSync(join(root, 'long'), `#!/bin/sh\n${"echo 'a'\n".repeat(6000)}`);
    const { configuration, spec } = configured(`post-script = ${join(root, 'long')}`);
    const error: unknown = await settingsToCheck(configuration, spec).catch((caught: unknown) => caught);
    expect((error as UsageError).problems[0]).to.match(/:5: \[web\] post-script = \S+long: .* more than 120 KiB/);
  });

  it('tells of each option with a mistake where it stands', async () => {
    const { configuration, spec } = configured('timezone = Europa/Berlin!', 'ssh-authorized-keys = alice.pub');
    const error: unknown = await settingsToCheck(configuration, spec).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(UsageError);
    const { problems } = error as UsageError;
    expect(problems[0]).to.match(/image-factory\.conf:5: \[web\] timezone = Europa\/Berlin!: expected/);
    expect(problems[1]).to.match(
      /image-factory\.conf:6: \[web\] ssh-authorized-keys = alice\.pub: expected public keys/,
    );
  });
});
