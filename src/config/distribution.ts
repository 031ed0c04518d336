const titles = new Map(
  Object.entries({
    debian: 'Debian',
    ubuntu: 'Ubuntu',
    centos: 'CentOS',
    'centos-stream': 'CentOS Stream',
    fedora: 'Fedora',
    rhel: 'RHEL',
    rocky: 'Rocky Linux',
    almalinux: 'AlmaLinux',
    opensuse: 'openSUSE',
    'opensuse-leap': 'openSUSE Leap',
    'opensuse-tumbleweed': 'openSUSE Tumbleweed',
    sles: 'SLES',
  }),
);

/**
 * The distribution as a section's name tells it: `Debian-10-server-minimal` is Debian 10, `Ubuntu-20.04-LTS-server` is
 * Ubuntu 20.04. A name that tells nothing is `unknown`.
 */
export function distributionOf(section: string): string {
  const words = section.toLowerCase().split(/[-_ ]+/);
  for (const count of [2, 1]) {
    const title = titles.get(words.slice(0, count).join('-'));
    if (title === undefined) continue;
    const release = words[count];
    return release !== undefined && /^(\d[\d.]*|testing|unstable)$/.test(release) ? `${title} ${release}` : title;
  }
  return 'unknown';
}
