import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import { renderAnswerFile } from '../../src/answers/answer-file.js';

const templates = join(import.meta.dirname, '../../templates');

const options = {
  hostname: 'debian',
  domain: 'example.org',
  locale: 'en_US.UTF-8',
  keymap: 'us',
  timezone: 'Etc/UTC',
  'root-password-hash': '$6$salt$hash',
  suite: 'trixie',
  'mirror-protocol': 'http',
  'mirror-host': 'mirror.example.org',
  'mirror-directory': '/debian',
  'security-host': 'security.example.org',
  'installed-mirror': 'http://deb.example.org/debian',
  'udeb-suite': '',
  firmware: 'bios',
  'serial-device': 'ttyS0',
  'allow-unauthenticated': 'no',
  updates: 'yes',
  'install-recommends': 'no',
  'kernel-package': '',
  components: 'main',
  'security-directory': '/debian-security',
  'archive-keyring': '/usr/share/keyrings/debian-archive-keyring.gpg',
  'server-packages': 'openssh-server',
  'package-repository': '',
  'package-key': '',
  'package-names': '',
  'package-names-early': '',
};

/** The answers to d-i's questions, and the script that it runs at the end. */
async function render(changed: Readonly<Record<string, string>> = {}): Promise<{ answers: string[]; script: string }> {
  const { content } = await renderAnswerFile({
    kind: 'preseed',
    path: 'debian.preseed.hbs',
    variables: { ...options, ...changed },
    searchPath: [templates],
  });
  const answers = content
    .toString()
    .split('\n')
    .filter((line) => !/^(#|\s*$)/.test(line));
  const encoded = /echo (\S+) \| base64 -d/.exec(answers.at(-1) ?? '')?.[1] ?? '';
  return { answers, script: Buffer.from(encoded, 'base64').toString() };
}

describe('debian.preseed.hbs', () => {
  it('has only answers, one a line', async () => {
    const { answers } = await render();
    for (const answer of answers) {
      expect(answer).to.match(/^(d-i|tasksel) [\w./-]+ (string|boolean|select|multiselect|password|note)( |$)/);
    }
  });

  it('carries a script that a shell can read', async () => {
    const { script } = await render({ 'ssh-authorized-keys': "ssh-ed25519 AAAA it's me\nssh-ed25519 BBBB" });
    execFileSync('sh', ['-n'], { input: script });
    expect(script).to.contain('ssh-ed25519 BBBB');
  });

  it('lets no value add an answer or a command', async () => {
    const nasty = "x\nd-i preseed/early_command string reboot\n'; reboot; '\\";
    const plain = await render();
    const { answers, script } = await render({ hostname: nasty, 'kernel-arguments': nasty });
    expect(answers).to.have.length(plain.answers.length);
    expect(answers.some((answer) => answer.endsWith('\\'))).to.be.false;
    const line = script.split('\n').find((command) => command.startsWith("printf 'GRUB_CMDLINE_LINUX=")) ?? '';
    const printed = execFileSync('sh', ['-euc', line.replace(/>>.*/, '')], { encoding: 'utf8' });
    const shell = ['-euc', `${printed}printf %s "$GRUB_CMDLINE_LINUX"`];
    expect(execFileSync('sh', shell, { encoding: 'utf8' })).to.equal(nasty.replaceAll('\n', ' '));
  });

  it('checks signatures unless told otherwise', async () => {
    const unsigned = 'd-i debian-installer/allow_unauthenticated boolean true';
    expect((await render()).answers).not.to.include(unsigned);
    expect((await render({ 'allow-unauthenticated': 'yes' })).answers).to.include(unsigned);
  });

  it('refuses an option that says neither yes nor no', async () => {
    const failure = await render({ updates: 'perhaps' }).catch((error: unknown) => error);
    expect(failure).to.match(/'perhaps' is neither yes nor no/);
  });
});
