import { join } from 'node:path';
import { Configuration } from '../../src/config/configuration.js';
import type { AnswerFileKind, ImageSpec } from '../../src/config/image-spec.js';
import { resolveImage } from '../../src/config/resolve.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { renderAnswerFile, type AnswerFile } from '../../src/answers/answer-file.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';
import { installOrigin } from '../../src/config/image-spec.js';

/** What somebody must set before every shipped image can be built. */
export const necessary =
  '[DEFAULT]\nrhel-mirror = http://mirror.example.org/rhel\nsles-mirror = http://mirror.example.org/sles\n';

/** The shipped configuration beside a user's own, `my.conf`. */
export function shippedConfiguration(user = ''): Configuration {
  const files = [
    { name: 'necessary.conf', text: necessary },
    { name: 'my.conf', text: user },
  ];
  return new Configuration(files, Configuration.shippedSources());
}

/** The `[DEFAULT]` of somebody who wants these values, whatever characters are in them. */
export function defaultSection(options: Readonly<Record<string, string>>): string {
  const lines = Object.entries(options).map(
    ([name, value]) => `${name} = ${value.replaceAll('$', '$$$$').replaceAll('\n', '\n  ')}\n`,
  );
  return `[DEFAULT]\n${lines.join('')}${describedUsers}`;
}

/** What sections say of the users that a description names. */
const describedUsers = `
[user deploy]
full-name = De "Ploy" O'Ment
authorized-keys = ssh-ed25519 CCCC it's the deployer
groups = adm www-data
sudo = ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx
  ALL=(root) /usr/bin/journalctl
[user ro]
password-hash = $6$salt$third
shell = /bin/sh
`;

/** What a description can say in the same words for every family, at values other than the defaults. */
export const described: Readonly<Record<string, string>> = {
  hostname: 'web',
  domain: 'example.org',
  locale: 'de_DE.UTF-8',
  keymap: 'de',
  timezone: 'Europe/Berlin',
  'root-password-hash': '$6$salt$hash',
  user: 'ops',
  'user-password-hash': '$6$salt$other',
  'ssh-authorized-keys': 'ssh-ed25519 AAAA one\nssh-ed25519 BBBB two',
  packages: 'nginx -nano',
  'services-enabled': 'nginx',
  'services-disabled': 'cron',
  users: 'deploy ro',
  'ssh-root': 'keys',
  'ssh-passwords': 'no',
  'cloud-init': 'NoCloud ConfigDrive',
  'unattended-upgrades': 'yes',
  files: join(programDirectory, 'examples/web/files'),
  proxy: 'http://proxy.example.org:3128/',
  'kernel-arguments': 'console=ttyS0 quiet',
};

/** A shipped image as it would be built on a fixed day. */
export function shippedSpec(image: string, user = ''): ImageSpec {
  return resolveImage(shippedConfiguration(user), image, {}, '2026-11-21');
}

/** The names of the shipped images, that of the demo aside: of all, or of those with a kind of answer file. */
export function shippedImages(kind?: AnswerFileKind): string[] {
  return shippedConfiguration()
    .imageNames()
    .filter(
      (name) => name !== 'demo' && (kind === undefined || installOrigin(shippedSpec(name)).answerFile.kind === kind),
    );
}

export function renderShipped(image: string, user = ''): Promise<AnswerFile> {
  return renderAnswerFile(answerFileSource(shippedSpec(image, user)));
}

/** The text of a shipped image's answer file. */
export async function shippedAnswerFile(image: string, user = ''): Promise<string> {
  return (await renderShipped(image, user)).content.toString();
}

/** The script at the end of the installation, which preseed and autoinstall files hold in base64. */
export function scriptAtTheEnd(answerFile: string): string {
  return Buffer.from(/echo (\S+) \| base64 -d/.exec(answerFile)?.[1] ?? '', 'base64').toString();
}
