import { option, type Option } from './option.js';
import * as type from './option-types.js';

/** Platforms that a flavor may be for; *none* is a real machine, or a container. */
export const hypervisors = ['kvm', 'xen', 'vmware', 'hyperv', 'virtualbox', 'none'] as const;

export type Hypervisor = (typeof hypervisors)[number];

/** Options of a section that describes a group of packages. */
export const groupOptions = {
  packages: option(type.text, {
    group: 'software',
    doc: 'Packages, separated by commas, blanks or lines. A guard after one says for which images it counts: *open-vm-tools [hypervisor=vmware]*, *grub-pc-bin [kernel,bios]*, *docs [!container]*. For Debian and Ubuntu, *NAME=VERSION*, *NAME/SUITE* and patterns of apt such as *?priority(important)* are packages, too.',
  }),
  groups: option(type.text, {
    group: 'software',
    doc: 'Groups whose packages this one has as well, in the same form; to any depth.',
  }),
  exclude: option(type.text, {
    group: 'software',
    doc: 'Packages that this group takes out of those of its **groups**, and that nothing may bring in again as a dependency.',
  }),
  recommends: option(type.boolean, {
    group: 'software',
    doc: 'Whether packages that others recommend come along. The outermost group that says so decides. It counts for the package lock; what you install in the image later, its own apt or dnf decides by their settings.',
    defaultDoc: '*no*',
  }),
} as const satisfies Record<string, Option<unknown>>;

/** Options of a section that describes a flavor. */
export const flavorOptions = {
  arch: option(type.architecture, {
    group: 'machine',
    doc: 'The architecture, as for an image.',
    defaultDoc: "the image's",
  }),
  hypervisor: option(type.oneOf(...hypervisors), {
    group: 'machine',
    doc: 'What the image runs on; *none* is a real machine, or a container.',
    defaultDoc: '*kvm*, and *none* without a kernel',
  }),
  options: option(type.text, {
    group: 'software',
    doc: 'What an image of this flavor has, and with *!* what it has not: *kernel, !x11*. What is not named is as the **options** of the image or of [DEFAULT] say. A word that is named in none of these is unknown to guards.',
  }),
} as const satisfies Record<string, Option<unknown>>;
