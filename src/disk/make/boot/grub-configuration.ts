import type { Kernel } from './kernels.js';

/** Where files of the boot file system are, as GRUB finds them. */
export interface BootFiles {
  readonly uuid: string;
  /** GRUB's modules that read it, in the order in which they are needed. */
  readonly modules: readonly string[];
  /** A path of the system, as the boot file system has it. */
  locate(path: string): string;
}

/** What GRUB's menu offers. */
export interface Menu {
  /** `PRETTY_NAME` of os-release(5). */
  readonly title: string;
  readonly kernels: readonly Kernel[];
  /** Words of the kernel's command line. */
  readonly words: readonly string[];
}

/** A grub.cfg for the kernels of a tree: the first one starts after a second. */
export function grubConfiguration({ title, kernels, words }: Menu, files: BootFiles): string {
  const serial = words.map((word) => /^console=ttyS(\d)(?:,(\d+))?/.exec(word)).find(Boolean);
  const entry = ({ version, image, initrd }: Kernel, index: number): string[] => [
    `menuentry ${quoted(index === 0 ? title : `${title}, Linux ${version}`)} {`,
    `\tlinux ${quoted(files.locate(image))} ${words.map(quoted).join(' ')}`,
    ...(initrd === undefined ? [] : [`\tinitrd ${quoted(files.locate(initrd))}`]),
    '}',
  ];
  return [
    '# Written by image-factory when the disk was made. update-grub and its kin write their own.',
    'set default=0',
    'set timeout=1',
    ...files.modules.map((module) => `insmod ${module}`),
    `search --no-floppy --fs-uuid --set=root ${files.uuid}`,
    ...(serial
      ? [
          'if [ "$grub_platform" = pc ]; then',
          `\tserial --unit=${serial[1] ?? '0'} --speed=${serial[2] ?? '115200'}`,
          '\tterminal_input console serial',
          '\tterminal_output console serial',
          'fi',
        ]
      : []),
    ...kernels.flatMap(entry),
    '',
  ].join('\n');
}

/** What GRUB reads first: it finds the boot file system, and the configuration there. */
export function firstConfiguration(files: BootFiles, grubDirectory: string): string {
  return [`search.fs_uuid ${files.uuid} root`, `set prefix=($root)${quoted(files.locate(grubDirectory))}`, ''].join(
    '\n',
  );
}

/** A word of GRUB's script language; it has the quotes of a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
