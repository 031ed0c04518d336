import { descriptionOptions } from '../config/description-options.js';
import type { SectionReader } from '../config/section-reader.js';
import type { InstallerRequest } from './installer-request.js';

const {
  packages,
  user,
  users,
  firewall,
  'cloud-init': cloudInit,
  'unattended-upgrades': unattendedUpgrades,
} = descriptionOptions;

/** What an option needs where it is set, as the answer files have it. */
const needed = {
  deb: {
    sudo: ['sudo'],
    firewall: ['nftables'],
    'cloud-init': ['cloud-init', 'cloud-guest-utils'],
    'unattended-upgrades': ['unattended-upgrades'],
  },
  rpm: { sudo: ['sudo'], firewall: ['firewalld'], 'cloud-init': ['cloud-init'], 'unattended-upgrades': [] },
} as const;

/** The packages that the options of a section ask for beside its groups, in a system without an installer. */
export function optionPackages(reader: SectionReader, packaging: keyof typeof needed): InstallerRequest {
  const said = reader.values({
    ...{ packages, user, users, firewall },
    ...{ 'cloud-init': cloudInit, 'unattended-upgrades': unattendedUpgrades },
  });
  const of = needed[packaging];
  const needs = [
    ...(said.user || (said.users?.length ?? 0) > 0 ? named(said.user ? 'user' : 'users', of.sudo) : []),
    ...(said.firewall ? named('firewall', of.firewall) : []),
    ...(said.cloudInit?.on ? named('cloud-init', of['cloud-init']) : []),
    ...(said.unattendedUpgrades ? named('unattended-upgrades', of['unattended-upgrades']) : []),
    ...named('packages', said.packages?.added ?? []),
  ];
  return { further: needs, leftOut: said.packages?.leftOut ?? [], udebSuite: undefined };
}

function named(option: string, names: readonly string[]): InstallerRequest['further'] {
  return names.map((name) => ({ name, why: `option ${option}` as const }));
}
