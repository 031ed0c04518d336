/**
 * What installers leave in the installed system, as patterns of absolute paths; `*` stands only in the last name. The
 * sudo helper has the same lists, in its own text: it must not remove what anybody else names. A test compares them.
 */

/** Logs that people want to read: printed where `installer-logs` asks for it. */
export const installerLogs: readonly string[] = [
  '/root/anaconda-ks.cfg',
  '/root/original-ks.cfg',
  '/root/install.log*',
  '/var/adm/autoinstall/logs/*',
  '/var/log/anaconda.*',
  '/var/log/anaconda/*',
  '/var/log/installer/syslog',
  '/var/log/YaST2/y2log',
];

/** Files and directories that a golden image must not have. */
export const installerLeftovers: readonly string[] = [
  '/root/anaconda-ks.cfg',
  '/root/original-ks.cfg',
  '/root/initial-setup-ks.cfg',
  '/root/install.log*',
  '/root/autoinst.xml',
  '/root/autoupg.xml',
  '/root/curtin-install*',
  '/etc/install.inf',
  '/tmp/ks-script-*',
  '/var/adm/autoinstall',
  '/var/lib/autoinstall',
  '/var/lib/YaST2',
  '/var/log/YaST2',
  '/var/log/y2start.log*',
  '/var/log/agama*',
  '/var/log/anaconda',
  '/var/log/anaconda.*',
  '/var/log/archinstall',
  '/var/log/bootstrap.log',
  '/var/log/Calamares.log',
  '/var/log/curtin',
  '/var/log/debian-installer',
  '/var/log/installer',
  '/var/log/oem-config.log',
];
