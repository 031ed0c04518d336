import { defaultArchitecture } from '../machine/architectures.js';
import * as described from './description-types.js';
import { boolean, oneOf, text } from './option-types.js';
import { canonical, option, type Option } from './option.js';

/**
 * Options that describe the installed system, with the same meaning in each family of answer files. Only templates read
 * them. So they count for an image whose template mentions them, and are anybody's own variables elsewhere.
 */
export const descriptionOptions = {
  hostname: option(described.hostName, {
    group: 'system',
    doc: 'Host name of the installed system.',
    default: 'linux',
  }),
  domain: option(described.domainName, {
    group: 'system',
    doc: 'DNS domain of the installed system.',
    default: 'localdomain',
  }),
  locale: option(described.locale, { group: 'system', doc: 'Language and character set.', default: 'en_US.UTF-8' }),
  keymap: option(described.keymap, { group: 'system', doc: 'Keyboard layout of the console.', default: 'us' }),
  timezone: option(described.timezone, { group: 'system', doc: 'Time zone.', default: 'Etc/UTC' }),
  'root-password-hash': option(described.passwordHash, {
    group: 'users',
    doc: "Hash of root's password, as **mkpasswd** or **openssl passwd -6** prints it; its dollar signs may stand single or doubled. Nothing or *!* locks it.",
    secret: true,
  }),
  user: option(described.userName, {
    group: 'users',
    doc: 'A user to create, who may use **sudo**: with their password, or without one where it is locked. Nothing creates none.',
  }),
  'user-password-hash': option(described.passwordHash, {
    group: 'users',
    doc: "Hash of the user's password, like **root-password-hash**.",
    secret: true,
  }),
  'ssh-authorized-keys': option(described.authorizedKeys, {
    group: 'users',
    doc: 'Public keys that may log in as root, and as **user** where there is one; one a line. A line that begins with */*, *~/* or *file:* names a file of such lines on the machine that builds.',
  }),
  packages: option(described.packages, {
    group: 'software',
    doc: "Packages to install beside those that the image can't do without, separated by blanks. *-NAME* leaves one out that would come otherwise.",
  }),
  'services-enabled': option(described.services, {
    group: 'software',
    doc: 'systemd units that start at boot, separated by blanks.',
  }),
  'services-disabled': option(described.services, {
    group: 'software',
    doc: 'systemd units that do not start at boot, separated by blanks.',
  }),
  'extra-repositories': option(described.repositories, {
    group: 'software',
    doc: 'Package repositories beside those of the distribution, one a line: *NAME URL* [*SUITE* [*COMPONENT*…]] [**key=***URL*]. Suite and components are for Debian and its kin; **key=** names the key that signs the repository.',
  }),
  proxy: option(described.url, {
    group: 'software',
    doc: 'HTTP proxy for the installer, such as *http://proxy.example.org:3128/*. The installed system does not get it.',
  }),
  'kernel-arguments': option(text, {
    group: 'system',
    doc: 'Kernel arguments of the installed system.',
    default: `console=tty0 console=${defaultArchitecture.serialDevice},115200`,
  }),
  'swap-size': option(described.sizeOrNone, {
    group: 'disk',
    doc: 'Size of the swap partition; *0* is none.',
    default: '0',
  }),
  'root-filesystem': option(oneOf('ext4', 'xfs', 'btrfs'), {
    group: 'disk',
    doc: 'File system of the root partition.',
    default: 'ext4',
  }),
  firewall: option(boolean, {
    group: 'security',
    doc: 'Whether a firewall lets in nothing but SSH.',
    defaultDoc: 'what the distribution does',
  }),
  selinux: option(oneOf('enforcing', 'permissive', 'disabled'), {
    group: 'security',
    doc: 'Mode of SELinux.',
    defaultDoc: 'what the distribution does',
  }),
  'post-script': option(described.fileContent, {
    group: 'software',
    doc: 'A script on the machine that builds, of 64 KiB at most. It runs as root in the installed system at the end of the installation; where it fails, the installation does.',
  }),
  updates: option(boolean, {
    group: 'software',
    doc: 'Whether security and other updates are installed during the installation.',
    default: 'yes',
  }),
} as const satisfies Record<string, Option<unknown>>;

export type DescriptionOption = keyof typeof descriptionOptions;

/** By the spelling that `-` and `_` share, which is the table's own. */
export function descriptionOption(name: string): Option<unknown> | undefined {
  const spelling = canonical(name);
  return Object.hasOwn(descriptionOptions, spelling) ? descriptionOptions[spelling as DescriptionOption] : undefined;
}

/** What a template sees of options that are not set. */
export const descriptionDefaults: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries<Option<unknown>>(descriptionOptions).map(([name, { default: initial }]) => [name, initial ?? '']),
);
