/** Something that makes a machine this one, and that all machines from one image would share. */
export interface Identity {
  /** A pattern of absolute paths; `*` stands only in the last name. */
  readonly path: string;
  /** What it is, and what says so. */
  readonly what: string;
  /** What the file says where each machine makes its own at its first boot. */
  readonly placeholder?: RegExp;
}

/** What clones must not share. An empty file is none: it is filled at the first boot. */
export const identities: readonly Identity[] = [
  {
    path: '/etc/machine-id',
    what: "systemd's machine id, from which DHCP client ids, the journal and application ids are derived (machine-id(5))",
    placeholder: /^uninitialized\s*$/,
  },
  { path: '/var/lib/dbus/machine-id', what: "D-Bus' machine id, where it is no link to /etc/machine-id" },
  {
    path: '/etc/ssh/ssh_host_*_key',
    what: 'private host keys of OpenSSH: who has one image can pose as every machine (sshd(8))',
  },
  { path: '/etc/dropbear/dropbear_*_host_key', what: 'private host keys of Dropbear (dropbear(8))' },
  { path: '/var/lib/systemd/random-seed', what: "the seed of the kernel's random numbers (systemd-random-seed(8))" },
  { path: '/var/lib/urandom/random-seed', what: "the seed of the kernel's random numbers (urandom(5) of initscripts)" },
  { path: '/boot/loader/random-seed', what: "the boot loader's random seed (systemd-boot(7))" },
  { path: '/boot/efi/loader/random-seed', what: "the boot loader's random seed (systemd-boot(7))" },
  { path: '/efi/loader/random-seed', what: "the boot loader's random seed (systemd-boot(7))" },
  {
    path: '/var/lib/systemd/credential.secret',
    what: "the key that encrypts systemd's credentials (systemd-creds(1))",
  },
  {
    path: '/etc/iscsi/initiatorname.iscsi',
    what: "the iSCSI initiator's name: two machines with one name take over each other's sessions (iscsiadm(8))",
    placeholder: /^GenerateName=yes$/m,
  },
  { path: '/etc/nvme/hostnqn', what: "the NVMe host's name (nvme-gen-hostnqn(1))" },
  { path: '/etc/nvme/hostid', what: "the NVMe host's id (nvme-connect(1))" },
  { path: '/etc/multipath/wwids', what: "the world-wide ids of this machine's disks (multipath(8))" },
  {
    path: '/etc/ssl/private/ssl-cert-snakeoil.key',
    what: 'the private key of the certificate that ssl-cert made (make-ssl-cert(8))',
  },
  {
    path: '/etc/pki/tls/private/localhost.key',
    what: 'the private key of the certificate that mod_ssl made (httpd-init.service)',
  },
  { path: '/var/lib/dhcpcd/duid', what: 'the DHCPv6 unique id of dhcpcd (dhcpcd(8))' },
  { path: '/etc/dhcpcd.duid', what: 'the DHCPv6 unique id of older versions of dhcpcd (dhcpcd(8))' },
  { path: '/var/lib/dhcpcd/*.lease*', what: 'leases of dhcpcd (dhcpcd(8))' },
  { path: '/var/lib/dhcp/*.leases', what: 'leases of dhclient, with the DHCPv6 unique id (dhclient.leases(5))' },
  { path: '/var/lib/dhclient/*.lease*', what: 'leases of dhclient (dhclient.leases(5))' },
  { path: '/var/lib/wicked/*.xml', what: 'leases and the DHCPv6 unique id of wicked (wickedd(8))' },
  {
    path: '/var/lib/NetworkManager/secret_key',
    what: "the key of NetworkManager's stable addresses and client ids (NetworkManager(8))",
  },
  { path: '/var/lib/NetworkManager/timestamps', what: "when NetworkManager's connections were used" },
  { path: '/var/lib/NetworkManager/seen-bssids', what: 'the access points that NetworkManager has seen' },
  { path: '/var/lib/NetworkManager/*.lease', what: 'leases of NetworkManager' },
  {
    path: '/etc/udev/rules.d/70-persistent-*',
    what: 'names of network interfaces and drives by the addresses of the machine that was installed (udev(7))',
  },
  { path: '/var/log/journal/*', what: 'the journal of the installed machine (systemd-journald.service(8))' },
  {
    path: '/var/lib/cloud/instances/*',
    what: 'cloud-init\'s data of an instance, with its user data (cloud-init, "Instance metadata")',
  },
  { path: '/var/lib/cloud/seed/nocloud', what: 'user data that every instance would apply (cloud-init, NoCloud)' },
  { path: '/var/lib/cloud/seed/nocloud-net', what: 'user data that every instance would apply (cloud-init, NoCloud)' },
  {
    path: '/etc/cloud/cloud.cfg.d/99-installer.cfg',
    what: "the user data of Ubuntu's installer, with password hashes, which cloud-init applies at the first boot (subiquity)",
  },
  {
    path: '/etc/pki/consumer/cert.pem',
    what: "the identity of this machine at Red Hat's subscription management (subscription-manager(8))",
  },
  { path: '/etc/sysconfig/rhn/systemid', what: 'the identity of this machine at Spacewalk and Uyuni' },
  {
    path: '/etc/zypp/credentials.d/SCCcredentials',
    what: 'the identity of this machine at SUSE Customer Center (SUSEConnect(8))',
  },
  {
    path: '/var/lib/ubuntu-advantage/private/machine-token.json',
    what: 'the identity of this machine at Ubuntu Pro (pro(1))',
  },
  { path: '/var/lib/libuuid/clock.txt', what: 'the clock of time-based UUIDs (uuidd(8))' },
  { path: '/etc/salt/minion_id', what: 'the name of a Salt minion (salt-minion(1))' },
  { path: '/etc/salt/pki/minion/minion.pem', what: 'the private key of a Salt minion (salt-minion(1))' },
  { path: '/etc/hostid', what: 'the host id of gethostid(3), which ZFS checks' },
];
