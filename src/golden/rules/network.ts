import type { Change } from '../../disk/file-tree.js';
import type { Examined, Line } from '../examined.js';
import { fileRule } from '../find-files.js';
import type { Finding, Rule } from '../rule.js';

const ifcfg = ['/etc/sysconfig/network-scripts/ifcfg-*', '/etc/sysconfig/network/ifcfg-*'];
const keyfiles = ['/etc/NetworkManager/system-connections/*'];
const ifupdown = ['/etc/network/interfaces', '/etc/network/interfaces.d/*'];
const netplan = ['/etc/netplan/*.yaml'];
const networkd = ['/etc/systemd/network/*.network', '/etc/systemd/network/*.link'];

/** A name that udev makes of where a card sits, or of its address; not `eth0`, and no pattern (systemd.net-naming-scheme(7)). */
const placeName = /^(?:en|wl|ww)(?:o\d+|s\d+|P?\d*p\d+s\d+|x[0-9a-f]{12})\w*$/;

/** Networks that virtual machines have on the machine that builds: QEMU's user networking and libvirt's default. */
const buildNetworks = /(?<![\d.])(?:10\.0\.2\.\d+|192\.168\.122\.\d+)(?![\d.])/;

/** Where only the builder reaches a repository: itself, its networks, a medium. */
const unreachable = new RegExp(
  [
    buildNetworks.source,
    /\bcdrom:/.source,
    /\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?=[:/\s]|$)/.source,
    /\bfile:\/(?!\/*(?:etc|usr)\/)/.source,
    /\b(?:hd|dvd|cd):\/\//.source,
  ].join('|'),
);

const repositories = [
  '/etc/apt/sources.list',
  '/etc/apt/sources.list.d/*',
  '/etc/yum.repos.d/*.repo',
  '/etc/zypp/repos.d/*.repo',
  '/etc/pacman.d/mirrorlist',
  '/etc/apk/repositories',
];
const proxies = [
  '/etc/apt/apt.conf',
  '/etc/apt/apt.conf.d/*',
  '/etc/dnf/dnf.conf',
  '/etc/yum.conf',
  '/etc/environment',
  '/etc/environment.d/*',
  '/etc/profile.d/*',
  '/etc/sysconfig/proxy',
  '/etc/pip.conf',
  '/etc/systemd/system.conf.d/*',
  '/root/.pip/pip.conf',
  '/root/.config/pip/pip.conf',
];

const resolvConf = '/etc/resolv.conf';

export const networkRules: readonly Rule[] = [
  fileRule({
    name: 'dhcp-leases',
    group: 'network',
    level: 'error',
    title: 'DHCP leases, and unique ids of DHCPv6',
    reason: 'clones ask for the address of the machine that was installed, or are one client of the server',
    source: 'dhclient.leases(5); dhcpcd(8), "Files"; wickedd(8); virt-sysprep(1), dhcp-client-state',
    paths: [
      '/var/lib/dhcp/*.leases*',
      '/var/lib/dhclient/*.lease*',
      '/var/lib/dhcpcd/*.lease*',
      '/var/lib/dhcpcd/duid',
      '/var/lib/dhcpcd/secret',
      '/etc/dhcpcd.duid',
      '/etc/dhcpcd.secret',
      '/var/lib/wicked/*.xml',
      '/var/lib/NetworkManager/*.lease',
      '/var/lib/NetworkManager/dhclient*.conf',
      '/var/lib/systemd/network/*',
    ],
    repair: 'remove',
  }),
  fileRule({
    name: 'dhcp-server-leases',
    group: 'network',
    level: 'warning',
    title: 'Leases that a DHCP server in the image gave',
    reason: 'the server of a clone keeps addresses for machines that it does not have',
    source: 'dhcpd.leases(5); dnsmasq(8), --dhcp-leasefile; virt-sysprep(1), dhcp-server-state',
    paths: [
      '/var/lib/dhcpd/*.leases*',
      '/var/lib/misc/dnsmasq*.leases',
      '/var/lib/NetworkManager/dnsmasq-*.leases',
      '/var/lib/libvirt/dnsmasq/*.status',
    ],
    repair: 'remove',
  }),
  fileRule({
    name: 'network-manager-state',
    group: 'network',
    level: 'error',
    title: "NetworkManager's key, and what it has seen",
    reason: 'stable addresses and client ids are made of the key: clones get the same ones',
    source: 'NetworkManager(8), "Files"; nm-settings(5), connection.stable-id',
    paths: ['secret_key', 'timestamps', 'seen-bssids'].map((name) => `/var/lib/NetworkManager/${name}`),
    repair: 'remove',
  }),
  fileRule({
    name: 'udev-rules',
    group: 'network',
    level: 'error',
    title: 'Names of network interfaces and drives by the addresses of the machine that was installed',
    reason: 'the card of a clone gets another name, and its network does not come up',
    source: 'udev(7); virt-sysprep(1), udev-persistent-net',
    paths: ['/etc/udev/rules.d/*-persistent-net.rules', '/etc/udev/rules.d/*-persistent-cd.rules'],
    repair: 'remove',
  }),
  {
    name: 'hardware-addresses',
    group: 'network',
    level: 'error',
    title: 'Network configuration for one hardware address',
    reason: 'clones have other addresses, and their network does not come up; or all take the same one',
    source: 'ifcfg(5), HWADDR; nm-settings(5), mac-address; netplan(5), macaddress; virt-sysprep(1), net-hwaddr',
    looks: [...ifcfg, ...keyfiles, ...netplan, ...networkd, ...ifupdown],
    reads: [...ifcfg, ...keyfiles, ...netplan, ...networkd, ...ifupdown],
    repair: 'the line is removed from an ifcfg file',
    find: (system): Finding[] => {
      const inIfcfg = system.lines(ifcfg).filter(({ text }) => /^(HWADDR|MACADDR)=./.test(text));
      const elsewhere = system
        .lines([...keyfiles, ...netplan, ...networkd, ...ifupdown])
        .filter(({ text }) =>
          /^((cloned-)?mac-?address\s*[=:]|(Permanent)?MACAddress=|hwaddress\s).*(:[0-9a-f]{2}){5}/i.test(text),
        );
      return [
        ...inIfcfg.map((line) => ({
          path: line.path,
          detail: line.text,
          repair: withoutLines(system, inIfcfg, line.path),
        })),
        ...elsewhere.map(({ path, text }) => ({ path, detail: text })),
      ];
    },
  },
  {
    name: 'interface-names',
    group: 'network',
    level: 'warning',
    title: 'Network configuration for an interface that is called by its slot',
    reason: 'on another machine type or hypervisor the interface has another name, and the network does not come up',
    source: 'systemd.net-naming-scheme(7); interfaces(5); netplan(5), "match"',
    looks: [...ifcfg, ...keyfiles, ...ifupdown, ...netplan, ...networkd],
    reads: [...ifcfg, ...keyfiles, ...ifupdown, ...netplan, ...networkd],
    find: interfaceNames,
  },
  {
    name: 'connection-ids',
    group: 'network',
    level: 'note',
    title: 'UUIDs of network connections',
    reason: 'clones share them; it matters where a key of NetworkManager is shared, too',
    source: 'nm-settings(5), connection.uuid; virt-sysprep(1), net-nmconn',
    looks: [...ifcfg, ...keyfiles],
    reads: [...ifcfg, ...keyfiles],
    find: (system): Finding[] =>
      system
        .lines([...ifcfg, ...keyfiles])
        .filter(({ text }) => /^(UUID|uuid)=./.test(text))
        .map(({ path, text }) => ({ path, detail: text })),
  },
  {
    name: 'resolv-conf',
    group: 'network',
    level: 'error',
    title: 'A resolv.conf with the name servers of the build',
    reason: 'until something writes another, names are asked of a server that a clone does not reach',
    source: 'resolv.conf(5); QEMU, "User mode network"; file-hierarchy(7)',
    looks: [resolvConf],
    reads: [resolvConf],
    empties: [resolvConf],
    repair: 'emptied',
    find: (system): Finding[] => {
      const text = system.texts.get(resolvConf) ?? '';
      const made = /^# *(Generated by|Dynamic resolv\.conf).*(NetworkManager|dhclient|dhcpcd|resolvconf)/im.test(text);
      if (!made && !system.lines([resolvConf]).some((line) => buildNetworks.test(line.text))) return [];
      return [{ path: resolvConf, repair: [{ kind: 'empty', path: resolvConf }] }];
    },
  },
  {
    name: 'hosts',
    group: 'network',
    level: 'warning',
    title: "Names of the build's network in /etc/hosts",
    reason: 'they lead a clone to addresses that are others there',
    source: 'hosts(5), "Description"',
    looks: ['/etc/hosts'],
    reads: ['/etc/hosts'],
    find: (system): Finding[] => told(system.lines(['/etc/hosts']).filter(({ text }) => buildNetworks.test(text))),
  },
  {
    name: 'repositories',
    group: 'network',
    level: 'error',
    title: 'Repositories that only the build machine reaches: its own addresses, installation media',
    reason: 'updates and installations fail on every clone',
    source: 'sources.list(5); dnf.conf(5), baseurl; zypper(8), "Repository Management"',
    looks: repositories,
    reads: repositories,
    find: (system): Finding[] =>
      told(
        system.lines(repositories).filter(({ text }) => unreachable.test(text) && !/^(gpgkey|Signed-By)\b/i.test(text)),
      ),
  },
  {
    name: 'proxies',
    group: 'network',
    level: 'error',
    title: 'Proxies that only the build machine reaches',
    reason: 'downloads fail on every clone',
    source: 'apt.conf(5), Acquire::http::Proxy; dnf.conf(5), proxy; environment(5)',
    looks: [...proxies, ...repositories],
    reads: [...proxies, ...repositories],
    find: (system): Finding[] =>
      told(
        system
          .lines([...proxies, ...repositories])
          .filter(({ text }) => /proxy|index-url/i.test(text) && unreachable.test(text)),
      ),
  },
];

function interfaceNames(system: Examined): Finding[] {
  const name = (pattern: RegExp) => (line: Line) => {
    const named = pattern.exec(line.text)?.[1]?.replace(/^["']|["']$/g, '');
    return named !== undefined && placeName.test(named);
  };
  return told([
    ...system.lines(ifcfg).filter(name(/^(?:DEVICE|NAME)=(\S+)$/)),
    ...system.lines(keyfiles).filter(name(/^interface-name=(\S+)$/)),
    ...system.lines(ifupdown).filter(name(/^(?:iface|auto|allow-hotplug)\s+(\S+)/)),
    ...system.lines(netplan).filter(name(/^(\S+):$/)),
    ...system.lines(networkd).filter(name(/^(?:Original)?Name=(\S+)$/)),
  ]);
}

function told(lines: readonly Line[]): Finding[] {
  return lines.map(({ path, text }) => ({ path, detail: withoutPassword(text).slice(0, 160) }));
}

/** A URL may have user and password in it. */
function withoutPassword(text: string): string {
  return text.replace(/:\/\/[^/@\s]*@/g, '://***@');
}

/** A file without some of its lines. */
function withoutLines(system: Examined, lines: readonly Line[], path: string): Change[] {
  const gone = new Set(lines.filter((line) => line.path === path).map(({ number }) => number));
  const text = system.texts.get(path) ?? '';
  const kept = text.split('\n').filter((_, index) => !gone.has(index + 1));
  return [{ kind: 'write', path, content: kept.join('\n') }];
}
