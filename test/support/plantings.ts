import { gzipSync } from 'node:zlib';
import { cpioArchive, type PlantedSystem } from './planted-system.js';

/** How a rule is broken, and what looks like it and is right. */
export interface Planting {
  readonly planted: PlantedSystem;
  /** What is found of it, where that is not every file. */
  readonly found?: readonly string[];
  readonly innocent: PlantedSystem;
}

const uuid = '1b4e28ba-2fa1-11d2-883f-0016d3cca427';
/** `toor`, by crypt(3) with SHA-512. */
const toor = '$6$saltsalt$imNpoTToxg0uElWe0jkumPeYaSbMjdfpMltx4ujhl6fBM0Kbfp4goTvuYuH/9J.53A/DGQiRrlELi.Z/L.rQo/';
const kernel = '6.12.0-1-amd64';
const drivers = ['virtio_blk', 'virtio_scsi', 'nvme', 'ahci', 'vmw_pvscsi', 'hv_storvsc', 'xen-blkfront'];
const modules = drivers.map((name) => `kernel/drivers/block/${name}.ko`);
const initramfs = (names: readonly string[]) =>
  Buffer.concat([cpioArchive(['kernel/x86/microcode/AuthenticAMD.bin']), gzipSync(cpioArchive(names))]);
const hostOnly = initramfs(['init', `usr/lib/modules/${kernel}/kernel/drivers/block/virtio_blk.ko.xz`]);
const generic = initramfs(['init', ...modules.map((path) => `usr/lib/modules/${kernel}/${path}.zst`)]);

/** Files that are not empty, by their paths. */
const filled = (...paths: readonly string[]): PlantedSystem => Object.fromEntries(paths.map((path) => [path, 'x\n']));

/** Every rule has one. */
export const plantings: Readonly<Record<string, Planting>> = {
  'machine-id': {
    planted: { '/etc/machine-id': '0123456789abcdef0123456789abcdef\n' },
    innocent: { '/etc/machine-id': 'uninitialized\n' },
  },
  'dbus-machine-id': {
    planted: filled('/var/lib/dbus/machine-id'),
    innocent: { '/var/lib/dbus/machine-id': { link: '/etc/machine-id' } },
  },
  'ssh-host-keys': {
    planted: {
      ...filled('/etc/ssh/ssh_host_rsa_key', '/etc/ssh/ssh_host_rsa_key.pub', '/etc/ssh/ssh_host_ed25519_key'),
      ...filled('/usr/lib/systemd/system/ssh.service', '/usr/bin/ssh-keygen'),
      // Debian 13's, which does not start where a machine-id is there, also an empty one.
      '/usr/lib/systemd/system/sshd-keygen.service': '[Unit]\nConditionFirstBoot=yes\n',
    },
    found: ['/etc/ssh/ssh_host_ed25519_key', '/etc/ssh/ssh_host_rsa_key'],
    innocent: filled('/etc/ssh/ssh_config', '/etc/ssh/ssh_known_hosts'),
  },
  'dropbear-host-keys': {
    planted: filled('/etc/dropbear/dropbear_rsa_host_key'),
    innocent: filled('/etc/dropbear/authorized_keys'),
  },
  'random-seed': {
    planted: filled('/var/lib/systemd/random-seed', '/boot/loader/random-seed'),
    innocent: { ...filled('/boot/loader/loader.conf'), '/var/lib/urandom/random-seed': '' },
  },
  'credential-secret': {
    planted: filled('/var/lib/systemd/credential.secret'),
    innocent: filled('/var/lib/systemd/catalog/database'),
  },
  'iscsi-initiator': {
    planted: { '/etc/iscsi/initiatorname.iscsi': '# made\nInitiatorName=iqn.1993-08.org.debian:01:f00\n' },
    innocent: { '/etc/iscsi/initiatorname.iscsi': 'GenerateName=yes\n', ...filled('/etc/iscsi/iscsid.conf') },
  },
  'nvme-host': {
    planted: filled('/etc/nvme/hostnqn', '/etc/nvme/hostid'),
    innocent: filled('/etc/nvme/discovery.conf'),
  },
  'multipath-wwids': {
    planted: filled('/etc/multipath/wwids'),
    innocent: filled('/etc/multipath.conf', '/etc/multipath/conf.d/x.conf'),
  },
  'snakeoil-certificate': {
    planted: filled(
      '/etc/ssl/private/ssl-cert-snakeoil.key',
      '/etc/ssl/certs/ssl-cert-snakeoil.pem',
      '/usr/sbin/make-ssl-cert',
    ),
    found: ['/etc/ssl/private/ssl-cert-snakeoil.key'],
    innocent: filled('/etc/ssl/certs/ca-certificates.crt'),
  },
  'tls-keys': {
    planted: filled('/etc/pki/tls/private/localhost.key', '/etc/cockpit/ws-certs.d/0-self-signed.key'),
    innocent: filled('/etc/cockpit/ws-certs.d/0-self-signed.cert'),
  },
  'host-id': { planted: filled('/etc/hostid'), innocent: filled('/etc/hostname') },
  'uuid-clock': { planted: filled('/var/lib/libuuid/clock.txt'), innocent: { '/var/lib/libuuid/clock.txt': '' } },
  subscription: {
    planted: filled('/etc/pki/consumer/cert.pem', '/etc/sysconfig/rhn/systemid'),
    innocent: filled('/etc/pki/product/479.pem'),
  },
  'subscription-of-suse-and-ubuntu': {
    planted: filled('/etc/zypp/credentials.d/SCCcredentials'),
    innocent: filled('/etc/zypp/zypp.conf'),
  },
  'configuration-management': {
    planted: filled(
      '/etc/salt/minion_id',
      '/etc/salt/pki/minion/minion.pem',
      '/etc/puppetlabs/puppet/ssl/private_keys/x.pem',
    ),
    innocent: filled('/etc/salt/minion', '/etc/puppetlabs/puppet/puppet.conf'),
  },
  agents: {
    planted: filled(
      '/var/lib/mysql/auto.cnf',
      '/var/lib/docker/engine-id',
      '/var/lib/amazon/ssm/Vault/Store/RegistrationKey',
    ),
    innocent: filled('/var/lib/mysql/ibdata1', '/etc/docker/daemon.json'),
  },
  'snap-device': {
    planted: filled('/var/lib/snapd/device/private-keys-v1/x'),
    innocent: filled('/var/lib/snapd/seed/seed.yaml'),
  },
  libvirt: { planted: filled('/etc/libvirt/secrets/x.xml'), innocent: filled('/etc/libvirt/libvirtd.conf') },
  'directory-membership': {
    planted: filled('/etc/krb5.keytab', '/var/lib/sss/db/cache_example.ldb'),
    innocent: filled('/etc/krb5.conf', '/etc/sssd/sssd.conf'),
  },
  'cloud-init-instance': {
    planted: {
      ...filled('/var/lib/cloud/instances/i-1/user-data.txt'),
      '/var/lib/cloud/instance': { link: 'instances/i-1' },
    },
    found: ['/var/lib/cloud/instance', '/var/lib/cloud/instances/i-1'],
    innocent: { ...filled('/var/lib/cloud/scripts/per-boot/x'), '/var/lib/cloud/instances': { directory: 0o755 } },
  },
  'cloud-init-seed': {
    planted: filled('/var/lib/cloud/seed/nocloud/user-data', '/etc/cloud/cloud.cfg.d/99-installer.cfg'),
    innocent: filled('/etc/cloud/cloud.cfg.d/05_logging.cfg', '/etc/cloud/cloud.cfg'),
  },
  'dhcp-leases': {
    planted: filled(
      '/var/lib/dhcp/dhclient.eth0.leases',
      '/var/lib/dhcpcd/duid',
      '/var/lib/NetworkManager/internal-x.lease',
    ),
    innocent: { '/var/lib/dhcp/dhclient.leases': '', ...filled('/etc/dhcp/dhclient.conf') },
  },
  'dhcp-server-leases': {
    planted: filled('/var/lib/misc/dnsmasq.leases', '/var/lib/dhcpd/dhcpd.leases'),
    innocent: filled('/etc/dnsmasq.conf'),
  },
  'network-manager-state': {
    planted: filled('/var/lib/NetworkManager/secret_key', '/var/lib/NetworkManager/timestamps'),
    innocent: filled('/var/lib/NetworkManager/NetworkManager.state'),
  },
  'udev-rules': {
    planted: filled('/etc/udev/rules.d/70-persistent-net.rules'),
    innocent: filled('/etc/udev/rules.d/80-hot-plug.rules', '/usr/lib/udev/rules.d/75-persistent-net-generator.rules'),
  },
  'hardware-addresses': {
    planted: {
      '/etc/sysconfig/network-scripts/ifcfg-eth0': 'DEVICE=eth0\nHWADDR=52:54:00:12:34:56\nONBOOT=yes\n',
    },
    innocent: { '/etc/sysconfig/network-scripts/ifcfg-eth1': 'DEVICE=eth1\n#HWADDR=52:54:00:12:34:56\nONBOOT=yes\n' },
  },
  'interface-names': {
    planted: {
      '/etc/network/interfaces': 'auto lo\nallow-hotplug ens3\niface ens3 inet dhcp\n',
      '/etc/netplan/50-made.yaml': 'network:\n  ethernets:\n    enp1s0:\n      dhcp4: true\n',
    },
    found: ['/etc/netplan/50-made.yaml', '/etc/network/interfaces', '/etc/network/interfaces'],
    innocent: {
      '/etc/network/interfaces': 'auto lo\niface lo inet loopback\nauto eth0\n',
      '/etc/netplan/50-all.yaml': 'network:\n  ethernets:\n    all-en:\n      match: {name: "en*"}\n',
      '/etc/systemd/network/80-dhcp.network': '[Match]\nName=en* eth*\n',
    },
  },
  'connection-ids': {
    planted: { '/etc/NetworkManager/system-connections/a.nmconnection': `[connection]\nid=a\nuuid=${uuid}\n` },
    innocent: { '/etc/NetworkManager/system-connections/a.nmconnection': '[connection]\nid=a\n' },
  },
  'resolv-conf': {
    planted: { '/etc/resolv.conf': 'search lan\nnameserver 10.0.2.3\n' },
    innocent: { '/etc/resolv.conf': 'nameserver 9.9.9.9\nnameserver 127.0.0.53\n' },
  },
  hosts: {
    planted: { '/etc/hosts': '127.0.0.1 localhost\n10.0.2.15 build\n' },
    found: ['/etc/hosts'],
    innocent: { '/etc/hosts': '127.0.0.1 localhost\n127.0.1.1 golden\n110.0.2.15 other\n' },
  },
  repositories: {
    planted: {
      '/etc/apt/sources.list': 'deb http://10.0.2.2:8080/debian trixie main\n',
      '/etc/apt/sources.list.d/cd.list': 'deb cdrom:[Debian]/ trixie main\n',
      '/etc/yum.repos.d/local.repo': '[local]\nbaseurl=file:///run/install/repo\n',
    },
    innocent: {
      '/etc/apt/sources.list': '# deb cdrom:[Debian]/ trixie main\ndeb http://deb.debian.org/debian trixie main\n',
      '/etc/yum.repos.d/rocky.repo':
        'mirrorlist=https://mirrors.rockylinux.org/x\ngpgkey=file:///etc/pki/rpm-gpg/KEY\n',
    },
  },
  proxies: {
    planted: { '/etc/apt/apt.conf.d/90proxy': 'Acquire::http::Proxy "http://user:secret@192.168.122.1:3128";\n' },
    innocent: { '/etc/apt/apt.conf.d/90proxy': 'Acquire::http::Proxy "http://proxy.example.com:3128";\n' },
  },
  'empty-password': {
    planted: { '/etc/shadow': 'root::19000:0:99999:7:::\n', '/etc/passwd': 'bob::1000:1000::/home/bob:/bin/sh\n' },
    innocent: {
      '/etc/shadow': 'root:*:19000:0:99999:7:::\nbob:!:19000::::::\n',
      '/etc/passwd': 'bob:x:1000:1000::/:/bin/sh\n',
    },
  },
  'well-known-password': {
    planted: { '/etc/shadow': `admin:${toor}:19000:0:99999:7:::\n` },
    innocent: { '/etc/shadow': `admin:!${toor}:19000:0:99999:7:::\nbob:${toor.slice(0, -3)}xyz:19000::::::\n` },
  },
  'ssh-empty-passwords': {
    planted: { '/etc/ssh/sshd_config.d/open.conf': 'PermitEmptyPasswords yes\n' },
    innocent: { '/etc/ssh/sshd_config': '#PermitEmptyPasswords yes\nPermitEmptyPasswords no\n' },
  },
  'authorized-keys': {
    planted: {
      '/root/.ssh/authorized_keys': 'ssh-ed25519 AAAA me\n',
      '/home/bob/.ssh/authorized_keys': 'ssh-rsa A\nssh-rsa B\n',
    },
    innocent: { '/root/.ssh/authorized_keys': '', ...filled('/root/.ssh/known_hosts') },
  },
  'sudo-without-password': {
    planted: { '/etc/sudoers.d/bob': 'bob ALL=(ALL:ALL) NOPASSWD: ALL\n' },
    innocent: { '/etc/sudoers': '# %wheel ALL=(ALL) NOPASSWD: ALL\n%wheel ALL=(ALL) ALL\n' },
  },
  'world-writable': {
    planted: { '/etc/cron.d/open': { mode: 0o666, content: 'x' } },
    innocent: {
      '/etc/cron.d/closed': { mode: 0o664, content: 'x' },
      '/etc/link': { link: 'cron.d' },
      '/etc/sticky': { directory: 0o1777 },
    },
  },
  'private-keys': {
    planted: filled('/root/.ssh/id_ed25519', '/home/bob/.ssh/id_deploy', '/home/bob/.gnupg/private-keys-v1.d/x.key'),
    innocent: filled('/root/.ssh/id_ed25519.pub', '/root/.ssh/config', '/root/.gnupg/pubring.kbx'),
  },
  'cloud-credentials': {
    planted: filled('/root/.aws/credentials', '/home/bob/.kube/config'),
    innocent: filled('/root/.aws/config', '/home/bob/.kube/cache/x'),
  },
  'service-credentials': {
    planted: filled('/root/.netrc', '/home/bob/.git-credentials', '/etc/apt/auth.conf.d/mine.conf'),
    innocent: filled('/root/.gitconfig', '/etc/apt/apt.conf.d/00x'),
  },
  'registry-tokens': {
    planted: {
      '/root/.docker/config.json': '{"auths": {"r": {"auth": "YTpi"}}}',
      '/root/.npmrc': '//r/:_authToken=x\n',
    },
    innocent: { '/root/.docker/config.json': '{"credsStore": "pass"}', '/root/.npmrc': 'registry=https://r/\n' },
  },
  'network-secrets': {
    planted: { '/etc/wireguard/wg0.conf': '[Interface]\nPrivateKey = abc=\n' },
    innocent: { '/etc/wireguard/wg0.conf': '[Peer]\nPublicKey = abc=\n' },
  },
  'other-private-keys': {
    planted: filled('/etc/ssl/private/fleet.key'),
    innocent: filled('/etc/ssl/certs/fleet.pem'),
  },
  'installer-remains': {
    planted: filled('/root/anaconda-ks.cfg', '/var/log/installer/syslog'),
    found: ['/root/anaconda-ks.cfg', '/var/log/installer'],
    innocent: filled('/root/notes.cfg'),
  },
  'installer-cloud-configuration': {
    planted: filled('/etc/cloud/cloud.cfg.d/90-installer-network.cfg', '/etc/netplan/00-installer-config.yaml'),
    innocent: filled('/etc/netplan/50-cloud-init.yaml'),
  },
  'shell-history': {
    planted: filled('/root/.bash_history', '/home/bob/.zsh_history'),
    innocent: { '/root/.bash_history': '', ...filled('/root/.bashrc', '/home/bob/.profile') },
  },
  journal: {
    planted: filled('/var/log/journal/0123/system.journal'),
    found: ['/var/log/journal/0123'],
    innocent: { '/var/log/journal': { directory: 0o2755 } },
  },
  logs: {
    planted: filled('/var/log/dpkg.log', '/var/log/apt/history.log', '/var/log/old.log.1.gz', '/var/log/wtmp'),
    innocent: {
      '/var/log/lastlog': '',
      '/var/log/apt': { directory: 0o755 },
      '/var/log/README': { link: '../../usr/share/doc' },
    },
  },
  mail: { planted: filled('/var/mail/root'), innocent: { '/var/mail/root': '' } },
  'crash-dumps': { planted: filled('/var/crash/x.crash'), innocent: { '/var/crash': { directory: 0o1777 } } },
  'process-accounting': { planted: filled('/var/account/pacct'), innocent: { '/var/account/pacct': '' } },
  'package-cache': {
    planted: filled(
      '/var/cache/apt/archives/a_1_all.deb',
      '/var/lib/apt/lists/deb.debian.org_x',
      '/var/cache/dnf/base/x.rpm',
    ),
    innocent: { ...filled('/var/lib/dpkg/status', '/var/lib/rpm/rpmdb.sqlite'), '/var/lib/apt/lists/lock': '' },
  },
  'user-caches': {
    planted: filled('/root/.cache/pip/x'),
    found: ['/root/.cache/pip'],
    innocent: { '/root/.cache': { directory: 0o700 } },
  },
  'temporary-files': {
    planted: { ...filled('/tmp/script.sh', '/var/tmp/dir/x'), '/tmp/.X11-unix': { directory: 0o1777 } },
    found: ['/tmp/.X11-unix', '/tmp/script.sh', '/var/tmp/dir'],
    innocent: { '/tmp': { directory: 0o1777 }, '/var/tmp': { directory: 0o1777 } },
  },
  'account-backups': { planted: filled('/etc/shadow-', '/etc/passwd-'), innocent: filled('/etc/shells') },
  'editor-backups': {
    planted: filled('/etc/apache2/site.conf~', '/root/x.bak'),
    innocent: filled('/etc/apache2/site.conf', '/etc/bak.conf'),
  },
  jobs: { planted: filled('/var/spool/cron/crontabs/root'), innocent: filled('/etc/cron.d/e2scrub_all') },
  'swapped-memory': { planted: {}, found: ['partition 2 (swap)'], innocent: {} },
  'fstab-devices': {
    planted: { '/etc/fstab': '/dev/vda1 / ext4 defaults 0 1\n' },
    innocent: {
      '/etc/fstab': `UUID=${uuid} / ext4 defaults 0 1\n/dev/mapper/vg-x /x xfs\n/dev/sr0 /media/cdrom0 udf ro,noauto 0 0\n# /dev/sda1 /\n`,
    },
  },
  'crypttab-devices': {
    planted: { '/etc/crypttab': 'data /dev/sdb1 none luks\n' },
    innocent: { '/etc/crypttab': `data UUID=${uuid} none luks\n` },
  },
  'boot-loader-devices': {
    planted: { '/boot/grub/grub.cfg': 'menuentry x {\n  linux /vmlinuz root=/dev/vda1 ro\n}\n' },
    innocent: {
      '/boot/grub/grub.cfg': `  linux /vmlinuz root=UUID=${uuid} ro\n  linux /vmlinuz root=/dev/mapper/vg-root\n`,
    },
  },
  'resume-device': {
    planted: { '/etc/initramfs-tools/conf.d/resume': 'RESUME=/dev/vda5\n' },
    innocent: { '/etc/initramfs-tools/conf.d/resume': 'RESUME=none\n' },
  },
  'device-map': {
    planted: { '/boot/grub/device.map': '(hd0)\t/dev/disk/by-id/virtio-x\n' },
    innocent: filled('/boot/grub/grubenv'),
  },
  'grub-install-devices': {
    planted: {
      '/var/cache/debconf/config.dat':
        'Name: grub-pc/hidden\nValue: x\n\nName: grub-pc/install_devices\nTemplate: grub-pc/install_devices\nValue: /dev/vda\nOwners: grub-pc\n',
    },
    innocent: {
      '/var/cache/debconf/config.dat':
        'Name: grub-pc/install_devices\nTemplate: grub-pc/install_devices\nOwners: grub-pc\n\nName: other\nValue: /dev/vda\n',
    },
  },
  'lvm-devices': { planted: filled('/etc/lvm/devices/system.devices'), innocent: filled('/etc/lvm/lvm.conf') },
  'lvm-archive': { planted: filled('/etc/lvm/archive/vg_0.vg'), innocent: filled('/etc/lvm/profile/x.profile') },
  'initramfs-drivers': {
    planted: {
      [`/boot/initrd.img-${kernel}`]: hostOnly,
      [`/usr/lib/modules/${kernel}/modules.dep`]: `${modules.map((path) => `${path}: kernel/lib/x.ko`).join('\n')}\n`,
    },
    found: [`/boot/initrd.img-${kernel}`],
    innocent: {
      [`/boot/initrd.img-${kernel}`]: generic,
      [`/usr/lib/modules/${kernel}/modules.dep`]: `${modules.map((path) => `${path}: kernel/lib/x.ko`).join('\n')}\n`,
      '/boot/initramfs-0-rescue-f00.img': hostOnly,
    },
  },
  'kernel-drivers': {
    planted: {
      '/usr/lib/modules/6.1.0-cloud/modules.dep': 'kernel/drivers/block/virtio_blk.ko.xz:\n',
      '/usr/lib/modules/6.1.0-cloud/modules.builtin': 'kernel/drivers/nvme/host/nvme.ko\n',
    },
    found: ['/usr/lib/modules/6.1.0-cloud'],
    innocent: { '/usr/lib/modules/6.1.0-full/modules.dep': `${modules.map((path) => `${path}:`).join('\n')}\n` },
  },
  'no-ssh-server': {
    planted: filled('/etc/passwd'),
    found: ['/etc/systemd/system'],
    innocent: { ...filled('/etc/passwd'), '/etc/systemd/system/multi-user.target.wants/ssh.service': { link: '/x' } },
  },
  'no-time-service': {
    planted: filled('/etc/passwd'),
    found: ['/etc/systemd/system'],
    innocent: {
      ...filled('/etc/passwd'),
      '/etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service': { link: '/x' },
    },
  },
  'cloud-init-off': {
    planted: { '/etc/cloud/cloud-init.disabled': '' },
    innocent: filled('/etc/cloud/ds-identify.cfg'),
  },
};
