/** What installers leave in the installed system, as patterns of absolute paths; `*` stands only in the last name. */

/** Logs that people want to read: printed where `installer-logs` asks for it. */
export const installerLogs: readonly string[] = [
  '/root/anaconda-ks.cfg',
  '/root/original-ks.cfg',
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
  '/root/install.log*',
  '/root/autoinst.xml',
  '/var/adm/autoinstall',
  '/var/lib/YaST2',
  '/var/log/agama-installation',
  '/var/log/anaconda',
  '/var/log/anaconda.*',
  '/var/log/installer',
  '/var/log/YaST2',
];
