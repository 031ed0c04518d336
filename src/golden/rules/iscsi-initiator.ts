import type { Rule } from '../rule.js';

const file = '/etc/iscsi/initiatorname.iscsi';

/** Debian's open-iscsi makes the name where the file says so; others make it where there is no file. */
const makesNames = ['/lib/open-iscsi/startup-checks.sh', '/usr/lib/open-iscsi/startup-checks.sh'];

export const iscsiInitiator: Rule = {
  name: 'iscsi-initiator',
  group: 'identities',
  level: 'error',
  title: "The iSCSI initiator's name",
  reason: "clones take over each other's sessions, and write to one disk",
  source: 'iscsiadm(8); open-iscsi, README, "Initiator name"; iscsi-init.service',
  looks: [file, ...makesNames],
  reads: [file],
  removes: [file],
  repair: 'removed, or set to *GenerateName=yes* where open-iscsi makes the name from that',
  find: (system) => {
    const names = system.lines([file]).filter(({ text }) => text.startsWith('InitiatorName='));
    if (names.length === 0) return [];
    const repair = system.hasAny(...makesNames)
      ? ({ kind: 'write', path: file, content: 'GenerateName=yes\n' } as const)
      : ({ kind: 'remove', path: file } as const);
    return [{ path: file, repair: [repair] }];
  },
};
