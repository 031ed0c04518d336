/** Paths that tell what a directory is; only whether they are there counts. The sudo helper tells of these and no others. */

/** What tells the root directory of a system, the surest first. */
export const rootMarks: readonly (readonly string[])[] = [
  ['/etc/os-release', '/etc/fstab', '/usr'],
  ['/usr/lib/os-release', '/etc/fstab'],
  ['/etc/os-release'],
  ['/usr/lib/os-release', '/etc'],
  ['/etc/fstab'],
];

/** What a directory must hold to be taken for the one that a system has at a mount point: all of it, or any. */
export interface Look {
  readonly mountPoint: string;
  readonly needs: 'all' | 'any';
  readonly paths: readonly string[];
}

export const looks: readonly Look[] = [
  { mountPoint: '/', needs: 'all', paths: ['/etc', '/usr'] },
  { mountPoint: '/var', needs: 'all', paths: ['/var/lib', '/var/log'] },
  { mountPoint: '/root', needs: 'any', paths: ['/root/.bashrc', '/root/.bash_profile', '/root/.profile'] },
  { mountPoint: '/var/adm', needs: 'any', paths: ['/var/adm/fillup-templates', '/var/adm/update-messages'] },
  { mountPoint: '/var/lib', needs: 'any', paths: ['/var/lib/dpkg', '/var/lib/rpm', '/var/lib/systemd'] },
  {
    mountPoint: '/var/log',
    needs: 'any',
    paths: [
      '/var/log/btmp',
      '/var/log/dpkg.log',
      '/var/log/dnf.log',
      '/var/log/faillog',
      '/var/log/journal',
      '/var/log/lastlog',
      '/var/log/messages',
      '/var/log/private',
      '/var/log/syslog',
      '/var/log/wtmp',
      '/var/log/zypp',
    ],
  },
];

export const signs: readonly string[] = [...new Set([...rootMarks.flat(), ...looks.flatMap(({ paths }) => paths)])];
