import { userNames } from './account-types.js';
import { cloudInit } from './cloud-init-type.js';
import { defaultArchitecture } from '../machine/architectures.js';
import * as described from './description-types.js';
import { boolean, oneOf, text } from './option-types.js';
import { canonical, option, type Option } from './option.js';

/**
 * Options that describe the installed system, with the same meaning in each family of answer files. Only templates read
 * them, so they apply to an image whose template mentions them. Elsewhere, a section may use the names for its own variables.
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
    doc: "Hash of root's password, as **mkpasswd** or **openssl passwd -6** prints it; its dollar signs may be single or doubled. An empty value or *!* locks the account.",
    secret: true,
  }),
  user: option(described.userName, {
    group: 'users',
    doc: 'A user to create, who may use **sudo**: with the password, or without one if it is locked. An empty value creates no user.',
  }),
  'user-password-hash': option(described.passwordHash, {
    group: 'users',
    doc: "Hash of the user's password, like **root-password-hash**.",
    secret: true,
  }),
  'ssh-authorized-keys': option(described.authorizedKeys, {
    group: 'users',
    doc: 'Public keys that may log in as root, and as **user** if it is set, one per line. A line that begins with */*, *~/* or *file:* names a file of such lines on the build machine.',
  }),
  users: option(userNames, {
    group: 'users',
    doc: 'Names of further users to create, separated by blanks. A section **[user NAME]** says more of each: see **USERS**.',
  }),
  'ssh-root': option(oneOf('no', 'keys'), {
    group: 'security',
    doc: 'Whether root may log in over SSH: *no*, or by *keys* only.',
    defaultDoc: "the distribution's own",
  }),
  'ssh-passwords': option(boolean, {
    group: 'security',
    doc: 'Whether anybody may log in over SSH by a password.',
    defaultDoc: "the distribution's own",
  }),
  'cloud-init': option(cloudInit, {
    group: 'system',
    doc: "Whether the image has cloud-init, which sets up each machine as its cloud says: *no*; *yes*, which asks whatever clouds the distribution's package knows; or names of datasources to ask, such as *NoCloud ConfigDrive OpenStack*. See **CLOUDS**.",
    default: 'no',
  }),
  packages: option(described.packages, {
    group: 'software',
    doc: 'Packages to install in addition to those that the image needs, separated by blanks. *-NAME* leaves out a package that would be installed otherwise.',
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
    doc: 'Package repositories in addition to those of the distribution, one per line: *NAME URL* [*SUITE* [*COMPONENT*…]] [**key=***URL*]. Suite and components are for Debian and its derivatives; **key=** names the key that signs the repository.',
  }),
  proxy: option(described.url, {
    group: 'software',
    doc: 'HTTP proxy for the installer, such as *http://proxy.example.org:3128/*. The installed system does not get it.',
  }),
  'kernel-arguments': option(text, {
    group: 'system',
    doc: 'Kernel arguments of the installed system.',
    default: 'console=tty0 console=${serial-device},115200',
  }),
  'swap-size': option(described.sizeOrNone, {
    group: 'disk',
    doc: 'Size of the swap partition; *0* creates none. A layout of your own, and those with volume groups, say it themselves.',
    default: '0',
  }),
  'root-filesystem': option(oneOf('ext4', 'xfs', 'btrfs'), {
    group: 'disk',
    doc: 'File system of the root partition. A shipped **layout** takes it; a layout of your own says it itself.',
    default: 'ext4',
  }),
  firewall: option(boolean, {
    group: 'security',
    doc: 'Whether a firewall accepts only SSH.',
    defaultDoc: "the distribution's own",
  }),
  selinux: option(oneOf('enforcing', 'permissive', 'disabled'), {
    group: 'security',
    doc: 'Mode of SELinux.',
    defaultDoc: "the distribution's own",
  }),
  'post-script': option(described.fileContent, {
    group: 'software',
    doc: 'A script on the build machine, of at most 64 KiB. It runs as root in the installed system at the end of the installation. If it fails, the installation fails.',
  }),
  updates: option(boolean, {
    group: 'software',
    doc: 'Whether security and other updates are installed during the installation.',
    default: 'yes',
  }),
  'unattended-upgrades': option(boolean, {
    group: 'software',
    doc: 'Whether the installed system installs security updates by itself, every day: by **unattended-upgrades**, **dnf-automatic**, or a timer that calls **zypper**. It does not reboot by itself.',
    defaultDoc: "the distribution's own",
  }),
} as const satisfies Record<string, Option<unknown>>;

export type DescriptionOption = keyof typeof descriptionOptions;

/** By the spelling that `-` and `_` share, which is the table's own. */
export function descriptionOption(name: string): Option<unknown> | undefined {
  const spelling = canonical(name);
  return Object.hasOwn(descriptionOptions, spelling) ? descriptionOptions[spelling as DescriptionOption] : undefined;
}

/** What stands for options that are not set, as a section would say it: references are not resolved. */
export const descriptionTexts: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries<Option<unknown>>(descriptionOptions).map(([name, { default: initial }]) => [name, initial ?? '']),
);

/** What a template sees of options that are not set, where nothing is known of the machine. */
export const descriptionDefaults: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(descriptionTexts).map(([name, text]) => [
    name,
    text.replace('${serial-device}', defaultArchitecture.serialDevice),
  ]),
);
