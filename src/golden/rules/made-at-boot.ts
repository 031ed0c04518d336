import type { Change } from '../../disk/file-tree.js';
import type { Examined } from '../examined.js';
import type { Rule } from '../rule.js';

/** A unit that makes a key at the first boot, where the distribution has none that does. */
interface Maker {
  readonly unit: string;
  readonly content: string;
  /** The unit before which it runs, and which it is required or wanted by. */
  readonly by: string;
}

function installs({ unit, content, by }: Maker): Change[] {
  return [
    { kind: 'write', path: `/etc/systemd/system/${unit}`, content },
    { kind: 'link', path: `/etc/systemd/system/${by}/${unit}`, target: `/etc/systemd/system/${unit}` },
  ];
}

/** What makes missing host keys of OpenSSH when the system boots. */
const sshKeyMakers = [
  '/usr/lib/systemd/system/sshd-keygen@.service',
  '/lib/systemd/system/sshd-keygen@.service',
  '/usr/lib/systemd/system/sshdgenkeys.service',
  '/usr/sbin/sshd-gen-keys-start',
  '/etc/init.d/sshd',
];
/** Debian's, of which 13's asks for a first boot: with the empty machine-id of an image, systemd sees none (machine-id(5)). */
const sshKeygenUnit = '/usr/lib/systemd/system/sshd-keygen.service';
const ownUnits = '/etc/systemd/system/*.service';
const cloudInit = '/usr/bin/cloud-init';
const cloudInitOff = '/etc/cloud/cloud-init.disabled';
const debianSsh = ['/usr/lib/systemd/system/ssh.service', '/lib/systemd/system/ssh.service'];

export const sshHostKeys: Rule = {
  name: 'ssh-host-keys',
  group: 'identities',
  level: 'error',
  title: "OpenSSH's private host keys",
  reason: 'who has one image, or one clone, can pose as every other',
  source: 'sshd(8), "Files"; virt-sysprep(1), ssh-hostkeys',
  looks: [
    '/etc/ssh/ssh_host_*',
    ...sshKeyMakers,
    sshKeygenUnit,
    ownUnits,
    cloudInit,
    cloudInitOff,
    ...debianSsh,
    '/usr/bin/ssh-keygen',
  ],
  reads: [ownUnits, sshKeygenUnit],
  removes: ['/etc/ssh/ssh_host_*'],
  repair: 'removed; where nothing in the image would make new ones at the first boot, a unit that does is put into it',
  find: (system) => {
    const all = system.matching(['/etc/ssh/ssh_host_*']).map(({ path }) => path);
    const keys = system.files(['/etc/ssh/ssh_host_*_key']);
    const removal: Change[] = all.map((path) => ({ kind: 'remove', path }));
    // With the first key goes all: a repair of one alone would leave the others.
    return keys.map((path, index) => ({
      path,
      repair: index > 0 ? [] : [...removal, ...(makesSshKeys(system) ? [] : installs(sshKeyMaker(system)))],
    }));
  },
};

function makesSshKeys(system: Examined): boolean {
  const own = system.lines([ownUnits]).some(({ text }) => /ssh-keygen\s+-A|dpkg-reconfigure openssh-server/.test(text));
  const debians = system.files([sshKeygenUnit]).length > 0;
  const waits = system.lines([sshKeygenUnit]).some(({ text }) => /^ConditionFirstBoot\s*=/.test(text));
  return (
    own ||
    (debians && !waits) ||
    system.hasAny(...sshKeyMakers) ||
    (system.hasAny(cloudInit) && !system.hasAny(cloudInitOff))
  );
}

function sshKeyMaker(system: Examined): Maker {
  const ssh = system.hasAny(...debianSsh) ? 'ssh' : 'sshd';
  return {
    unit: 'ssh-host-keys.service',
    by: `${ssh}.service.requires`,
    content: `[Unit]
Description=Make the SSH host keys of this machine
ConditionPathExistsGlob=!/etc/ssh/ssh_host_*_key
Before=${ssh}.service ${ssh}.socket

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
RequiredBy=${ssh}.service
`,
  };
}

const snakeoil = '/etc/ssl/private/ssl-cert-snakeoil.key';
const certificate = '/etc/ssl/certs/ssl-cert-snakeoil.pem';
const snakeoilUnit = 'ssl-cert-snakeoil.service';

export const snakeoilKey: Rule = {
  name: 'snakeoil-certificate',
  group: 'identities',
  level: 'error',
  title: 'The private key of the certificate that ssl-cert made',
  reason:
    'web and mail servers use it until they get another: who has one image can read and forge the TLS connections of all',
  source: 'make-ssl-cert(8)',
  looks: [snakeoil, certificate, '/usr/sbin/make-ssl-cert', `/etc/systemd/system/${snakeoilUnit}`],
  removes: [snakeoil, certificate],
  repair: 'removed, and a unit put into the image that makes it again at the first boot',
  find: (system) =>
    system.files([snakeoil]).map((path) => ({
      path,
      ...(system.hasAny('/usr/sbin/make-ssl-cert') && {
        repair: [
          { kind: 'remove', path },
          ...system.matching([certificate]).map((entry) => ({ kind: 'remove', path: entry.path }) as const),
          ...(system.hasAny(`/etc/systemd/system/${snakeoilUnit}`) ? [] : installs(snakeoilMaker)),
        ],
      }),
    })),
};

const snakeoilMaker: Maker = {
  unit: snakeoilUnit,
  by: 'sysinit.target.wants',
  content: `[Unit]
Description=Make the self-signed certificate of this machine
ConditionPathExists=!${snakeoil}
DefaultDependencies=no
After=local-fs.target systemd-tmpfiles-setup.service
Before=sysinit.target

[Service]
Type=oneshot
ExecStart=/usr/sbin/make-ssl-cert generate-default-snakeoil --force-overwrite

[Install]
WantedBy=sysinit.target
`,
};
