import { cloudInit } from '../config/cloud-init-type.js';
import { descriptionOptions, type DescriptionOption } from '../config/description-options.js';
import { splitName } from '../config/flavored-name.js';
import type { Configuration } from '../config/configuration.js';
import { isBootstrapped, type BootstrapSpec } from '../config/image-spec.js';
import { canonical } from '../config/option.js';
import { factsOf } from '../packages/flavors.js';
import { resolveGroups } from '../packages/groups.js';
import { warning, type Check } from './subject.js';

/** What opens a way in, or may: a script can make accounts. */
const waysIn = ['root-password-hash', 'user-password-hash', 'ssh-authorized-keys', 'post-script'] as const;

/**
 * Warns of an image that leaves no way to log in: every password locked, no key, no cloud-init that would bring some. Only a
 * template that makes the accounts from the options can be judged; other answer files have ways of their own.
 */
export const wayIn: Check = ({ configuration, spec, answerFile }) => {
  if (answerFile === undefined || !waysIn.every((option) => answerFile.mentioned.has(option))) return [];
  if (isBootstrapped(spec) && isEnteredOtherwise(configuration, spec)) return [];
  const value = (option: DescriptionOption) => {
    const set = Object.entries(spec.variables).findLast(([name]) => canonical(name) === option)?.[1];
    return set ?? (descriptionOptions[option] as { readonly default?: string }).default ?? '';
  };
  const locked = (option: DescriptionOption) => ['', '!', '*'].includes(value(option).trim());
  const opens = {
    'root-password-hash': !locked('root-password-hash'),
    'user-password-hash': value('user') !== '' && !locked('user-password-hash'),
    'ssh-authorized-keys': value('ssh-authorized-keys').trim() !== '',
    'post-script': value('post-script') !== '',
  } satisfies Record<(typeof waysIn)[number], boolean>;
  const users = spec.users.filter(
    ({ passwordHash, authorizedKeys }) => authorizedKeys.length > 0 || !['', '!'].includes(passwordHash),
  );
  const opened =
    Object.values(opens).some(Boolean) ||
    (answerFile.mentioned.has('users') && users.length > 0) ||
    (answerFile.mentioned.has('cloud-init') && hasCloudInit(value('cloud-init'))) ||
    value('packages').split(/\s+/).includes('cloud-init');
  if (opened) return [];
  return [
    warning(
      `[${spec.name}] there will be no way to log in: every password is locked, and there is no SSH key; set ssh-authorized-keys, or user and user-password-hash, or users with keys or passwords, or cloud-init = yes`,
    ),
  ];
};

/** Whether it has no kernel, as a container, which is entered from outside; or whether a group brings cloud-init. */
function isEnteredOtherwise(configuration: Configuration, { name, origin }: BootstrapSpec): boolean {
  const facts = factsOf(configuration, splitName(configuration, name));
  if (facts.options.get('kernel') === false) return true;
  return resolveGroups(configuration, origin.groups, facts).members.some((member) => member.name === 'cloud-init');
}

function hasCloudInit(value: string): boolean {
  try {
    return cloudInit.parse(value).on;
  } catch {
    // What is wrong with it is told where the template mentions it.
    return false;
  }
}
