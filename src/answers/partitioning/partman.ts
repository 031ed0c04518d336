import type { FileSystem, Layout, Partition, VolumeGroup } from '../../layout/layout.js';
import { contentOf, dataPartitions, diskOf, growingVolume, mountOptions, type Content } from './contents.js';
import type { InstalledMachine, PartitioningLanguage } from './language.js';
import { endOf, partmanLimits, partmanTypes } from './partman-limits.js';

/**
 * debian-installer: answers to the questions of partman-auto, whose recipes are described in debian-installer's
 * doc/devel/partman-auto-recipe.txt. It counts in megabytes of 1000 * 1000 bytes, gives parted (N * 1000000 + 1) bytes
 * from where the free space begins, and parted takes the nearest whole MiB for the end: so every end that is a whole MiB
 * can be said. The last partition, and the last volume of a group, take what is left.
 */
export const partman: PartitioningLanguage = { installer: 'debian-installer', limits: partmanLimits, write };

const megabyte = 1_000_000;
/** partman-lvm asks LVM for the extent size in units of 1000 bytes. */
const roundedExtent = 4_194_300;

/**
 * The mount options that partman can set during the installation. `noexec` is not among them: scripts of packages run
 * from /var and /tmp; the installed system's fstab has it.
 */
const known = ['noatime', 'relatime', 'nodev', 'nosuid', 'discard'];

function write(layout: Layout, { disk }: InstalledMachine): string {
  const { label } = diskOf(layout);
  const [group] = layout.volumeGroups;
  const answers = [
    `partman-auto/disk string ${disk}`,
    `partman-auto/method string ${group ? 'lvm' : 'regular'}`,
    `partman-partitioning/default_label string ${label === 'gpt' ? 'gpt' : 'msdos'}`,
    `partman-partitioning/choose_label select ${label === 'gpt' ? 'gpt' : 'msdos'}`,
    `partman-auto/expert_recipe string layout :: ${recipe(layout, disk).join(' ')}`,
    'partman-auto/choose_recipe select layout',
    ...(group ? volumeAnswers(layout, group) : []),
    // Where the installer itself runs by UEFI, and the disk is one for BIOS.
    'partman-efi/non_efi_system boolean true',
    'partman-basicfilesystems/no_swap boolean false',
    'partman-partitioning/confirm_write_new_label boolean true',
    'partman/mount_style select uuid',
    'partman/choose_partition select finish',
    'partman/confirm boolean true',
    'partman/confirm_nooverwrite boolean true',
  ];
  return answers.map((answer) => `d-i ${answer}`).join('\n');
}

function volumeAnswers(layout: Layout, group: VolumeGroup): string[] {
  const whole = layout.volumeGroups.every((one) => growingVolume(layout, one) !== undefined);
  // For all groups there is one answer. A size that is not all leaves the last volume as it is.
  const size = whole ? 'max' : `${volumeLines(layout, group).reduce((sum, { least }) => sum + least, 0)} MB`;
  return [
    `partman-auto-lvm/new_vg_name string ${group.name}`,
    `partman-auto-lvm/guided_size string ${size}`,
    'partman-auto-lvm/no_boot boolean true',
    'partman-lvm/device_remove_lvm boolean true',
    'partman-lvm/confirm boolean true',
    'partman-lvm/confirm_nooverwrite boolean true',
  ];
}

interface RecipeLine {
  /** Megabytes. */
  readonly least: number;
  readonly grows: boolean;
  readonly fields: readonly string[];
}

function recipe(layout: Layout, disk: string): string[] {
  const lines = [
    ...partitionLines(layout, disk),
    ...layout.volumeGroups.flatMap((group) => volumeLines(layout, group)),
  ];
  return lines.map(({ least, grows, fields }) => `${least} ${least} ${grows ? -1 : least} ${fields.join(' ')} .`);
}

/** Where the first partition's free space begins: behind a GPT's table; behind an MBR it is less, and rounds the same. */
const beginning = 34 * 512;

function partitionLines(layout: Layout, disk: string): RecipeLine[] {
  const mbr = diskOf(layout).label === 'mbr';
  const partitions = dataPartitions(layout);
  return partitions.map((partition, index) => {
    const before = partitions[index - 1];
    const size = endOf(partition) - (before === undefined ? beginning : endOf(before));
    const content = contentOf(layout, partition);
    const last = index === partitions.length - 1;
    return {
      least: last ? slack(layout, partition, size) : Math.max(1, Math.round(size / megabyte)),
      grows: last,
      fields: [
        typeWord(content),
        ...(mbr && partition.kind === 'primary' ? ['$primary{ }'] : []),
        ...(mbr && partition.flags.includes('boot') ? ['$bootable{ }'] : []),
        ...contentFields(layout, content),
        ...(content.use === 'physical volume'
          ? [`device{ ${partitionDevice(disk, partition)} }`, `vg_name{ ${content.group.name} }`]
          : []),
      ],
    };
  });
}

/**
 * At least so much, which leaves room for what the others were rounded up by. Physical volumes count beside their
 * volumes, so they want nothing.
 */
function slack(layout: Layout, partition: Partition, size: number): number {
  if (contentOf(layout, partition).use === 'physical volume') return 1;
  return Math.max(1, Math.floor(size / megabyte) - dataPartitions(layout).length - 2);
}

export function partitionDevice(disk: string, { number }: Partition): string {
  return /\d$/.test(disk) ? `${disk}p${number}` : `${disk}${number}`;
}

function volumeLines(layout: Layout, group: VolumeGroup): RecipeLine[] {
  const growing = growingVolume(layout, group);
  return group.volumes.map((volume) => {
    const extents = Math.round(volume.size / group.extentSize);
    const exact = Math.ceil((extents * roundedExtent) / megabyte);
    const last = volume === growing;
    const content = contentOf(layout, volume);
    return {
      least: last ? Math.max(1, exact - group.volumes.length - 8) : exact,
      grows: last,
      fields: [
        typeWord(content),
        '$lvmok{ }',
        `in_vg{ ${group.name} }`,
        `lv_name{ ${volume.name} }`,
        ...contentFields(layout, content),
      ],
    };
  });
}

function typeWord(content: Content): string {
  if (content.use === 'swap') return 'linux-swap';
  if (content.use === 'file system') return partmanTypes[content.fileSystem.type] ?? content.fileSystem.type;
  return content.use === 'physical volume' ? 'ext4' : 'free';
}

function contentFields(layout: Layout, content: Content): string[] {
  switch (content.use) {
    case 'nothing':
      return ['method{ keep }'];
    case 'BIOS boot':
      return ['method{ biosgrub }'];
    case 'physical volume':
      return ['method{ lvm }'];
    case 'swap':
      return ['method{ swap }', 'format{ }'];
    case 'ESP':
      return ['method{ efi }', 'format{ }'];
    case 'file system':
      return ['method{ format }', 'format{ }', ...fileSystemFields(layout, content.fileSystem)];
  }
}

function fileSystemFields(layout: Layout, fileSystem: FileSystem): string[] {
  const { type, label, mount } = fileSystem;
  const options = mountOptions(layout, fileSystem).filter((option) => known.includes(option));
  return [
    'use_filesystem{ }',
    `filesystem{ ${partmanTypes[type] ?? type} }`,
    `label{ ${label} }`,
    ...(mount === undefined ? [] : [`mountpoint{ ${mount} }`]),
    ...options.map((option) => `options/${option}{ ${option} }`),
  ];
}
