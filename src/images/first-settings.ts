import { descriptionOptions, descriptionTexts } from '../config/description-options.js';
import type { ImageSpec } from '../config/image-spec.js';

/**
 * What an installer would set in a system, as a script that runs in its tree: names, users, keys, network, services. The section's options say it, as in answer files.
 */
export function firstSettings({ variables }: Pick<ImageSpec, 'variables'>): string {
  const said = (name: keyof typeof descriptionOptions): string =>
    variables[name] ?? variables[name.replaceAll('-', '_')] ?? descriptionTexts[name] ?? '';
  const { hostname, domain } = { hostname: said('hostname'), domain: said('domain') };
  const root = said('root-password-hash');
  const user = said('user');
  const keys = descriptionOptions['ssh-authorized-keys'].type.parse(said('ssh-authorized-keys'));
  const services = (name: 'services-enabled' | 'services-disabled') => descriptionOptions[name].type.parse(said(name));
  const keyLines = (Array.isArray(keys) ? (keys as readonly string[]) : [String(keys)]).filter(Boolean).join('\n');
  return [
    file('/etc/hostname', `${hostname}\n`),
    file(
      '/etc/hosts',
      `127.0.0.1 localhost\n127.0.1.1 ${domain === '' ? '' : `${hostname}.${domain} `}${hostname}\n::1 localhost ip6-localhost\n`,
    ),
    file('/etc/timezone', `${said('timezone')}\n`),
    `ln -sfn ${quoted(`/usr/share/zoneinfo/${said('timezone')}`)} /etc/localtime`,
    ...(root === '' || root === '!' ? [] : [`usermod --password ${quoted(root)} root`]),
    ...(keyLines === '' ? [] : [authorized('/root', 'root', keyLines)]),
    ...(user === '' ? [] : userLines(user, said('user-password-hash'), keyLines)),
    `if [ -e /lib/systemd/systemd-networkd ]; then`,
    file('/etc/systemd/network/80-dhcp.network', '[Match]\nType=ether\n\n[Network]\nDHCP=yes\n'),
    'systemctl enable systemd-networkd; fi',
    ...services('services-enabled').map((name) => `systemctl enable ${quoted(name)}`),
    ...services('services-disabled').map((name) => `systemctl disable ${quoted(name)}`),
    // The builder's, and what the package systemd-resolved keeps of it.
    'rm -f /etc/resolv.conf /etc/.resolv.conf.systemd-resolved.bak',
    // How mmdebstrap called apt. Whether recommended packages come along later, the distribution's own apt decides.
    'rm -f /etc/apt/apt.conf.d/99mmdebstrap',
    'if [ -e /lib/systemd/systemd-resolved ]; then ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf; systemctl enable systemd-resolved; fi',
  ].join('\n');
}

function userLines(user: string, hash: string, keys: string): string[] {
  return [
    `useradd --create-home --shell /bin/bash ${quoted(user)}`,
    `if getent group sudo >/dev/null; then usermod --append --groups sudo ${quoted(user)}; fi`,
    ...(hash === '' || hash === '!' ? [] : [`usermod --password ${quoted(hash)} ${quoted(user)}`]),
    ...(keys === '' ? [] : [authorized(`/home/${user}`, user, keys)]),
  ];
}

function authorized(home: string, owner: string, keys: string): string {
  return [
    `install -d -m 700 -o ${quoted(owner)} -g ${quoted(owner)} ${quoted(`${home}/.ssh`)}`,
    file(`${home}/.ssh/authorized_keys`, `${keys}\n`),
    `chmod 600 ${quoted(`${home}/.ssh/authorized_keys`)}; chown ${quoted(`${owner}:${owner}`)} ${quoted(`${home}/.ssh/authorized_keys`)}`,
  ].join('\n');
}

/** Of mode 644, whatever was there, such as a copy of this machine's file, and whatever the umask is. */
function file(path: string, content: string): string {
  const directory = path.slice(0, path.lastIndexOf('/'));
  return `mkdir -p ${quoted(directory)}; printf %s ${quoted(content)} > ${quoted(path)}; chmod 644 ${quoted(path)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
