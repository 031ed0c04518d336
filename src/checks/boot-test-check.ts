import { usualDevices } from '../machine/devices.js';
import { placeOf, warning, type Check } from './subject.js';

/** What shows that the network works. The agent has a line of its own to the machine. */
const byNetwork = ['ssh', 'command'];

/** Warns of other network cards where the boot test shows nothing of the network. */
export const networkProof: Check = (subject) => {
  const { bootTest, bootTestNet } = subject.spec;
  const isUsual = bootTestNet.every((card) => card === usualDevices.net);
  if (bootTest.kind === 'off' || isUsual || byNetwork.includes(bootTest.kind)) return [];
  const what = bootTest.kind === 'login' ? 'a login prompt' : 'the guest agent';
  return [
    warning(
      `${placeOf(subject, 'boot-test-net')}: ${what} does not show whether the network works; set boot-test to ssh or to a command that asks by SSH`,
    ),
  ];
};
