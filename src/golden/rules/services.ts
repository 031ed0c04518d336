import type { PathPattern } from '../../disk/path-patterns.js';
import type { Finding, Rule } from '../rule.js';

/** Where systemd finds that a unit is to start, whichever target wants it. */
function started(...units: readonly string[]): PathPattern[] {
  const directories = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
  return directories.flatMap((directory) =>
    units.flatMap((unit) => ['wants', 'requires'].map((kind) => `${directory}/*.${kind}/${unit}`)),
  );
}

/** OpenRC, and SysV's init. */
function startedBySysV(...names: readonly string[]): PathPattern[] {
  return names.flatMap((name) => [`/etc/runlevels/*/${name}`, `/etc/rc2.d/S*${name}`, `/etc/rc3.d/S*${name}`]);
}

const ssh = [
  ...started('ssh.service', 'ssh.socket', 'sshd.service', 'sshd.socket', 'dropbear.service'),
  ...startedBySysV('ssh', 'sshd', 'dropbear'),
];
const time = [
  ...started(
    'systemd-timesyncd.service',
    'chrony.service',
    'chronyd.service',
    'ntp.service',
    'ntpd.service',
    'ntpsec.service',
    'openntpd.service',
  ),
  ...startedBySysV('chrony', 'chronyd', 'ntp', 'ntpd', 'openntpd'),
];

/** What an operator counts on. Only told: an image may do without. */
export const serviceRules: readonly Rule[] = [
  missing({
    name: 'no-ssh-server',
    group: 'services',
    level: 'note',
    title: 'No SSH server that starts',
    reason: 'a clone can be reached by its console alone',
    source: 'systemctl(1), "enable"; sshd(8)',
    looks: ssh,
  }),
  missing({
    name: 'no-time-service',
    group: 'services',
    level: 'note',
    title: 'No time service that starts',
    reason: 'clocks of clones drift: certificates, tokens and logs are then wrong',
    source: 'systemd-timesyncd.service(8); chronyd(8)',
    looks: time,
  }),
  {
    name: 'cloud-init-off',
    group: 'services',
    level: 'note',
    title: 'A cloud-init that does not run',
    reason: 'clones get no host name, user or key from their cloud',
    source: 'cloud-init, "How to disable cloud-init"',
    looks: ['/etc/cloud/cloud-init.disabled'],
    find: (system): Finding[] => system.matching(['/etc/cloud/cloud-init.disabled']).map(({ path }) => ({ path })),
  },
];

function missing(rule: Omit<Rule, 'find'>): Rule {
  const [first = ''] = rule.looks;
  const path = first.slice(0, first.indexOf('*') - 1);
  // A directory tree is no system; nothing starts in it.
  return {
    ...rule,
    looks: [...rule.looks, '/etc/passwd'],
    find: (system) => (system.hasAny(...rule.looks) || !system.hasAny('/etc/passwd') ? [] : [{ path }]),
  };
}
