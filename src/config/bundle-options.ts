import { bundleDemands, bundleFormats, bundleSidecars, type BundleFormatName } from './bundle-formats.js';
import { option, type Option } from './option.js';
import { commaList, diskSize, oneOf, text, type OptionType } from './option-types.js';

const formatNames = Object.keys(bundleFormats) as BundleFormatName[];

/** A word among some. */
function word<Word extends string>(words: readonly Word[]): OptionType<Word> {
  const strict = oneOf(...words);
  return {
    metavar: 'WORD',
    parse: (value) => strict.parse(value.trim()),
  };
}

/** Several of them, separated by commas. */
function words<Word extends string>(known: readonly Word[]): OptionType<readonly Word[]> {
  return { metavar: 'NAME,…', parse: (value) => commaList.parse(value).map((each) => word(known).parse(each)) };
}

/** `name=value`, separated by commas or in lines of their own. */
const settings: OptionType<Readonly<Record<string, string>>> = {
  metavar: 'NAME=VALUE,…',
  parse(value) {
    const pairs = value
      .split(/[,\n]/)
      .map((each) => each.trim())
      .filter((each) => each !== '');
    return Object.fromEntries(
      pairs.map((pair) => {
        const [, name, set] = /^([\w.:-]+)\s*=\s*(.*)$/.exec(pair) ?? [];
        if (name === undefined || set === undefined)
          throw new Error(`'name=value', separated by commas, not '${pair}'`);
        return [name, set];
      }),
    );
  },
};

/** What a name may end with: a part of a file name without surprises for shells and web servers. */
const fileNameEnd: OptionType<string> = {
  metavar: 'EXTENSION',
  parse(value) {
    const end = value.trim().replace(/^\./, '');
    if (!/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(end)) {
      throw new Error("the end of a file name, such as 'azure.vhd': letters, digits, '.', '_', '+', '-'");
    }
    return end;
  },
};

/** Options of a section that describes a target: `[bundle NAME]`. It has none of [DEFAULT]. */
export const bundleOptions = {
  format: option(word(formatNames), {
    group: 'bundles',
    doc: 'The format of the bundle. See **FORMATS OF BUNDLES**.',
  }),
  subformat: option(text, {
    group: 'bundles',
    doc: 'Which kind of it, for formats that have several: such as *streamOptimized* of *vmdk*, *fixed* of *vhd*, *pvh* of *xen*.',
    defaultDoc: 'the first that the format names',
  }),
  compression: option(oneOf('none', 'gzip', 'xz', 'zstd', 'zlib'), {
    group: 'bundles',
    doc: 'How it is compressed: archives and raw disks by *gzip*, *xz* or *zstd*, the clusters of qcow2 by *zlib* or *zstd*.',
    defaultDoc: "the format's",
  }),
  extension: option(fileNameEnd, {
    group: 'bundles',
    doc: 'What the name of the file ends with, behind *IMAGE-DATE*.',
    defaultDoc: 'the name of the target and what the format usually has',
  }),
  'file-name': option(text, {
    group: 'bundles',
    doc: 'The name of the file, for platforms that read something from it; *{id}*, *{version}*, *{arch}* and *{image}* stand for the distribution, its version, the architecture, and *IMAGE-DATE*.',
    defaultDoc: '*IMAGE-DATE* and the **extension**',
  }),
  align: option(diskSize, {
    group: 'bundles',
    doc: 'The size of the disk is rounded up to a multiple of this, and the second header of a GPT moved to the new end.',
    defaultDoc: 'the disk keeps its size',
  }),
  options: option(settings, {
    group: 'bundles',
    doc: 'Further settings of the format, as *name=value,name=value*: for formats that qemu-img writes, those of its **-o**; for the others, those that **FORMATS OF BUNDLES** names.',
  }),
  needs: option(words(bundleDemands), {
    group: 'bundles',
    doc: `What the system must have, or else nothing is written: ${bundleDemands.map((each) => `*${each}*`).join(', ')}.`,
  }),
  wants: option(words(bundleDemands), {
    group: 'bundles',
    doc: 'What the system should have: the same words; without it, there is a warning.',
  }),
  omit: option(commaList, {
    group: 'bundles',
    doc: 'What is left out of files: *container* is what a container can do without (kernel, initrd, kernel modules, boot loader, fstab, device nodes); anything else is a path, with all below it; one that ends with a slash stays itself, and an asterisk stands for any part of a name. *nothing* leaves out nothing. The manifest, and *IMAGE-DATE.bundles.json*, say what a bundle lacks.',
    defaultDoc: '*nothing*',
  }),
  sidecar: option(word(bundleSidecars), {
    group: 'bundles',
    doc: 'A file beside the bundle: *glance*, the properties of an OpenStack image; *register-image*, what **aws ec2 register-image** takes; *vmx*, a virtual machine of VMware Workstation.',
  }),
  properties: option(settings, {
    group: 'bundles',
    doc: 'Further properties for the **sidecar**, as *name=value,name=value*; they go before its own.',
  }),
  description: option(text, {
    group: 'bundles',
    doc: 'What the target is for, for **image-factory bundle --list**.',
  }),
} as const satisfies Record<string, Option<unknown>>;
