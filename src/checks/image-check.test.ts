import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Configuration } from '../config/configuration.js';
import { resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { changeEnvironment, recordedLog } from '../../test/support/host.js';
import { checkImage } from './image-check.js';

describe('checkImage', () => {
  let directory: string;
  before(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'image-check-')));
    file('answers.cfg', 'd-i a/b string x\n');
    file('script', '#!/bin/sh\n');
    file('windows', '#!/bin/sh\r\n');
    for (const name of ['script', 'windows']) chmodSync(join(directory, name), 0o755);
    file('text', 'no command\n');
    mkdirSync(join(directory, 'sub'));
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'key')]);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', join(directory, 'locked-key')]);
    file('hosts', `there ${execFileSync('ssh-keygen', ['-y', '-f', join(directory, 'key')], { encoding: 'utf8' })}`);
  });
  after(() => rmSync(directory, { recursive: true }));

  function file(name: string, text: string): void {
    writeFileSync(join(directory, name), text);
  }

  /** What is found in the image of these lines, which begin at line 8 of `my.conf`; the directory is written `DIR`. */
  async function found(lines: string, image = 'web', overrides: Record<string, string> = {}): Promise<string[]> {
    const text = `[DEFAULT]\nlinux = http://mirror.example.org/linux\ninitrd = http://mirror.example.org/initrd\nverify = off\noutput-dir = ${directory}\npreseed = ${directory}/answers.cfg\n[${image}]\n${lines}`;
    const name = 'my.conf';
    const configuration = new Configuration([{ name, text: text.replaceAll('DIR', directory) }], []);
    const log = recordedLog();
    const errors: string[] = [];
    try {
      await checkImage(configuration, resolveImage(configuration, image, overrides, '2026-11-26'), log);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      errors.push(...error.problems.map((problem) => `error: ${problem}`));
    }
    return [...log.lines, ...errors].map((line) => line.replaceAll(directory, 'DIR'));
  }

  it('warns of a release whose support has ended, with what says so, and of no other', async () => {
    const lines = 'end-of-life = 2020-06-30\nend-of-life-source = https://wiki.example.org/LTS\n';
    expect(await found(lines)).to.deep.equal([
      "warn: my.conf:8: [web] end-of-life = 2020-06-30: the release's support has ended (https://wiki.example.org/LTS): it gets no security updates, and mirrors drop it; take a newer one",
    ]);
    expect(await found('end-of-life = 2999-12-31\n')).to.deep.equal([]);
  });

  it('tells of a setting that is missing, and not of the files that would be named by it', async () => {
    const configuration = new Configuration([], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'rhel-9', {}, '2026-11-26');
    const log = recordedLog();
    const failure = await checkImage(configuration, spec, log).catch((error: unknown) => error);
    expect((failure as UsageError).problems).to.have.length(1);
    expect((failure as UsageError).problems[0]).to.match(/rhel-mirror is not set/);
  });

  it('tells of a network card that a login prompt says nothing of', async () => {
    expect(await found('boot-test-net = virtio, e1000e\n')).to.deep.equal([
      'warn: my.conf:8: [web] boot-test-net = virtio, e1000e: a login prompt does not show whether the network works; set boot-test to ssh or to a command that asks by SSH',
    ]);
    expect(await found('boot-test-net = virtio, e1000e\nboot-test = ssh\n')).to.deep.equal([]);
  });

  it('tells of an installer that could not install the groups of the image from a lock', async () => {
    const [problem, ...others] = await found('group = shop\n[group shop]\npackages = shop\n');
    expect(others).to.be.empty;
    expect(problem).to.equal(
      "error: my.conf:6: [web] preseed = DIR/answers.cfg: it does not mention 'package-repository', so the installer would not install from the package lock: see image-factory-packages(7)",
    );
  });

  it('finds nothing in an image that can be built', async () => {
    const lines = `pre-build-command = true\npost-build-command = DIR/script x\nboot-test = ssh -p %p root@%h date +%%s\nhttp-directory = DIR
sign = ssh\nsign-key = DIR/key\nupload_destinations = there
[there]\nupload_type = sftp\nupload_target = me@there:/x\nupload_identity = DIR/key\nupload_known_hosts = DIR/hosts\npost-upload-command = true\n`;
    expect(await found(lines)).to.deep.equal([]);
  });

  describe('tells with its line', () => {
    const cases: Readonly<Record<string, string>> = {
      'post-build-command = nosuchcmd -x': "the command 'nosuchcmd' is not installed: it is in no directory of PATH",
      'post-build-command = ./publish': 'there is no file DIR/publish (it runs in DIR)',
      'post-build-command = DIR/sub': "DIR/sub is a directory, so it can't be run",
      'post-build-command = DIR/text': 'this user may not execute DIR/text: chmod +x DIR/text',
      'post-build-command = DIR/windows':
        "DIR/windows begins with #!/bin/sh, which can't be executed: the file has Windows line endings",
      'post-build-command = ""': 'names no command',
      'pre-build-command = /no/such': 'there is no file /no/such',
      'pre-build-command = DIR/sub': "DIR/sub is a directory, so it can't be run",
      'boot-test = true %x': "unknown '%x'; use %h (host), %p (port) or %% (a percent sign)",
      'boot-test = logni':
        "expected one of 'off', 'login', 'ssh', 'agent', 'healthy', or an installed command (did you mean 'login'?)",
      'http-directory = DIR/none': 'there is no such directory',
      'http-directory = DIR/text': 'this is not a directory',
    };
    for (const [line, problem] of Object.entries(cases)) {
      // A user who may do everything may not execute a file that nobody may.
      it(line, async () => {
        expect(await found(`${line}\n`)).to.deep.equal([
          `error: my.conf:8: [web] ${line}: ${problem}`.replace(directory, 'DIR'),
        ]);
      });
    }
  });

  describe('tells of a destination', () => {
    const sftp = (line: string) =>
      found(`upload_destinations = d\n[d]\nupload_type = sftp\nupload_target = me@there:/x\n${line}\n`);
    const hosts = 'upload_known_hosts = DIR/hosts';

    it('a key that is missing, locked or none', async () => {
      expect(await sftp(`upload_identity = no/such\n${hosts}`)).to.deep.equal([
        'error: my.conf:12: [d] upload_identity = no/such: there is no such file',
      ]);
      expect((await sftp(`upload_identity = DIR/locked-key\n${hosts}`)).join()).to.match(/:12: .* is encrypted/);
      expect((await sftp(`upload_identity = DIR/text\n${hosts}`)).join()).to.match(/:12: .* can't be used/);
    });

    it('a password that is not set', async () => {
      const line = `upload_password_env = IMAGE_CHECK_PASSWORD\n${hosts}`;
      expect((await sftp(line)).join()).to.match(/^error: my\.conf:12: .* is not set$/);
      const restore = changeEnvironment({ IMAGE_CHECK_PASSWORD: 'x' });
      expect(await sftp(line)).to.deep.equal([]);
      restore();
    });

    it('known hosts that are missing, or do not know the server', async () => {
      expect(await sftp('upload_identity = DIR/key\nupload_known_hosts = no/such')).to.deep.equal([
        'error: my.conf:13: [d] upload_known_hosts = no/such: there is no such file',
      ]);
      const elsewhere = await found(
        `upload_destinations = d\n[d]\nupload_type = sftp\nupload_target = me@elsewhere:/x\nupload_identity = DIR/key\n${hosts}\n`,
      );
      expect(elsewhere.join()).to.match(/^error: my\.conf:13: .*no host key of elsewhere in DIR\/hosts/);
    });

    it('each of its commands, with its own line', async () => {
      const lines = `upload_identity = DIR/key\n${hosts}\npost-upload-command = true\npost-upload-command1 = nosuchcmd`;
      expect((await sftp(lines)).join()).to.match(/^error: my\.conf:15: \[d\] post-upload-command1 = nosuchcmd: /);
    });
  });

  it('tells of a key to sign with that is not there', async () => {
    expect(await found('sign = ssh\nsign-key = no/key\n')).to.deep.equal([
      'error: my.conf:9: [web] sign-key = no/key: there is no such key file',
    ]);
    const gpg = await found('sign = gpg\nsign-key = nobody@image-factory.example\n');
    expect(gpg.join()).to.match(/^error: my\.conf:9: .*gpg has no such secret key/);
  });

  it('excuses what the command before the build may make, and no keys', async () => {
    const lines =
      'pre-build-command = true\nhttp-directory = DIR/made\npost-build-command = ./made\nsign = ssh\nsign-key = no/key\n';
    expect(await found(lines)).to.deep.equal([
      'warn: my.conf:10: [web] post-build-command = ./made: there is no file DIR/made (it runs in DIR), unless pre-build-command makes it',
      'error: my.conf:12: [web] sign-key = no/key: there is no such key file',
    ]);
  });

  it('tells of names that a program takes wrongly', async () => {
    for (const image of ['a?b', 'a&b', 'a<b', "a'b"])
      expect((await found('', image)).join(), image).to.match(/^error: \[a/);
    expect((await found('', 'x'.repeat(240))).join()).to.match(/has 240 bytes; use at most \d+/);
    for (const image of ['Debian 12 server', 'web:12']) expect(await found('', image)).to.deep.equal([]);
    expect((await found('output-dir = DIR/what?\n')).join()).to.match(/^error: my\.conf:8: .*question mark/);
    expect((await found('output-dir = DIR/a\tb\n')).join()).to.match(/^error: my\.conf:8: .*control character.*a\\tb/);
  });

  it('tells of kernel arguments that are too long or too many', async () => {
    expect(await found(`append = a.b=${'x'.repeat(2100)}\n`)).to.have.length(1);
    const words = Array.from({ length: 40 }, (_, index) => `pkg/q${index}=v`).join(' ');
    expect((await found(`append = ${words}\n`)).join()).to.match(
      /^error: my\.conf:8: \[web\] append: 4\d kernel arguments/,
    );
  });

  it('tells of an answer file that can not work, with its line', async () => {
    file('crlf.cfg', 'd-i a/b string x\nd-i c/d string y\r\n');
    expect((await found('preseed = DIR/crlf.cfg\n')).join()).to.match(
      /^error: DIR\/crlf\.cfg:2: ends in a carriage return/,
    );
    file('twice.cfg.hbs', 'd-i a/b string {{ram}}\nd-i a/b string y\n');
    expect((await found('ram = 1G\npreseed = DIR/twice.cfg.hbs\n')).join()).to.match(
      /^warn: twice\.cfg:2: a\/b is answered in line 1/,
    );
  });

  it('tells of KVM that this machine does not have, whoever asked for it', async function () {
    const { detectAcceleration } = await import('../machine/acceleration.js');
    const { defaultArchitecture } = await import('../machine/architectures.js');
    if ((await detectAcceleration(defaultArchitecture)).virtType === 'kvm') {
      console.log('      skipped: this machine has KVM');
      this.skip();
    }
    expect((await found('virt-type = kvm\n')).join()).to.match(/^error: my\.conf:8: .*use virt-type = qemu or auto$/);
    const asked = await found('', 'web', { 'virt-type': 'kvm' });
    expect(asked.join()).to.match(/^error: command line: \[web\] virt-type = kvm: .*use virt-type = qemu or auto$/);
  });
});
