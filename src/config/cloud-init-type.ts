import type { OptionType } from './option-types.js';
import { didYouMean } from './suggestion.js';

/** Whether an image has cloud-init, and where that looks for its cloud. */
export interface CloudInit {
  readonly on: boolean;
  /** None: wherever the distribution's package looks. */
  readonly datasources: readonly string[];
}

/** The names that `datasource_list` takes (cloud-init, "Datasources": each one's `dsname`). */
export const datasources = [
  'AliYun',
  'Akamai',
  'AltCloud',
  'Azure',
  'Bigstep',
  'CloudCIX',
  'CloudSigma',
  'CloudStack',
  'ConfigDrive',
  'DigitalOcean',
  'Ec2',
  'Exoscale',
  'GCE',
  'Hetzner',
  'IBMCloud',
  'LXD',
  'MAAS',
  'NWCS',
  'NoCloud',
  'None',
  'OVF',
  'OpenNebula',
  'OpenStack',
  'Oracle',
  'RbxCloud',
  'Scaleway',
  'SmartOS',
  'UpCloud',
  'VMware',
  'Vultr',
  'WSL',
] as const;

/** `no`, `yes`, or names of datasources in the order in which they are asked. */
export const cloudInit: OptionType<CloudInit> = {
  metavar: 'no|yes|DATASOURCE…',
  parse(value) {
    const word = value.trim().toLowerCase();
    if (['', '0', 'no', 'false', 'off'].includes(word)) return { on: false, datasources: [] };
    if (['1', 'yes', 'true', 'on'].includes(word)) return { on: true, datasources: [] };
    const wanted = value.split(/[\s,]+/).filter((name) => name !== '');
    const found = wanted.map((name) => {
      const known = datasources.find((each) => each.toLowerCase() === name.toLowerCase());
      if (known === undefined) {
        throw new Error(
          `yes, no, or names of cloud-init's datasources such as 'NoCloud ConfigDrive', which '${name}' is not${didYouMean(name, datasources)}`,
        );
      }
      return known;
    });
    return { on: true, datasources: [...new Set(found)] };
  },
};
