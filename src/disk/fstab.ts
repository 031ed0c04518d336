import { posix } from 'node:path';
import type { Partition } from './partition-table.js';
import type { Volume } from './volume.js';

/** One file system that a system mounts, or swaps to, when it starts: fstab(5). */
export interface FstabEntry {
  /** `UUID=…`, `LABEL=…`, `/dev/vda1`, a file for swap, … */
  readonly device: string;
  /** The mount point; `none` for swap. */
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
}

export function parseFstab(text: string): FstabEntry[] {
  return text.split('\n').flatMap((line) => {
    const [device, mountPoint, type = 'auto', options = ''] = line
      .trim()
      .split(/[ \t]+/)
      .map(unescape);
    if (!device || !mountPoint || device.startsWith('#')) return [];
    return [{ device, mountPoint: tidy(mountPoint), type, options: options.split(',') }];
  });
}

/** Blanks and the like stand as octal numbers. */
function unescape(word: string): string {
  return word.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

function tidy(mountPoint: string): string {
  return mountPoint.startsWith('/') ? posix.normalize(mountPoint).replace(/(.)\/$/, '$1') : mountPoint;
}

/** The volume that an entry means; undefined for what is no volume of this disk: network, memory, files, other disks. */
export function volumeOf(device: string, volumes: readonly Volume[]): Volume | undefined {
  const [, tag = '', value = ''] = /^(UUID|LABEL|PARTUUID|PARTLABEL)="?([^"]*)"?$/i.exec(device) ?? [];
  if (tag !== '') return byTag(tag.toLowerCase(), value, volumes);
  const [, by = '', link = ''] = /^\/dev\/disk\/by-(\w+)\/(.+)$/.exec(device) ?? [];
  const [, mapped] = /^dm-(?:name-|uuid-LVM-)(.+)$/.exec(by === 'id' ? link : '') ?? [];
  if (mapped !== undefined) return byMappedName(mapped, volumes);
  if (by === 'id' || by === 'path') return byNumber(/-part(\d+)$/.exec(link)?.[1], volumes);
  // udev writes odd characters in such names as \xHH.
  const text = link.replace(/\\x([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  if (by !== '') return byTag(by, text, volumes);
  const logical = logicalVolume(device, volumes);
  if (logical !== undefined) return logical;
  // The installation had one disk, whatever its driver calls it.
  return byNumber(/^\/dev\/(?:(?:vd|sd|hd|xvd)a|(?:nvme0n1|mmcblk0)p)(\d+)$/.exec(device)?.[1], volumes);
}

function byTag(tag: string, value: string, volumes: readonly Volume[]): Volume | undefined {
  const same = (one: string | undefined) => one?.toLowerCase() === value.toLowerCase();
  if (tag === 'uuid') return volumes.find(({ uuid }) => same(uuid));
  if (tag === 'partuuid') return byPartition(volumes, ({ partUuid }) => same(partUuid));
  if (tag === 'label') return volumes.find(({ label }) => label === value);
  return tag === 'partlabel' ? byPartition(volumes, ({ partLabel }) => partLabel === value) : undefined;
}

function byPartition(volumes: readonly Volume[], is: (partition: Partition) => boolean): Volume | undefined {
  return volumes.find((volume) => volume.kind === 'partition' && is(volume.partition));
}

function byNumber(number: string | undefined, volumes: readonly Volume[]): Volume | undefined {
  return number === undefined ? undefined : byPartition(volumes, (partition) => partition.number === Number(number));
}

/** A logical volume by the names that LVM and udev give it: `/dev/mapper/GROUP-NAME`, `/dev/GROUP/NAME`. */
function logicalVolume(device: string, volumes: readonly Volume[]): Volume | undefined {
  const [, mapped] = /^\/dev\/mapper\/(.+)$/.exec(device) ?? [];
  if (mapped !== undefined) return byMappedName(mapped, volumes);
  return volumes.find((volume) => volume.kind === 'logical volume' && device === `/dev/${volume.id}`);
}

/** In the device mapper's names, a dash between group and volume is one, and one within a name is two (lvm(8)). */
function byMappedName(name: string, volumes: readonly Volume[]): Volume | undefined {
  const doubled = (text: string) => text.replaceAll('-', '--');
  return volumes.find(
    (volume) =>
      volume.kind === 'logical volume' &&
      (name === `${doubled(volume.group)}-${doubled(volume.name)}` || name === volume.deviceUuid),
  );
}

/** The subvolume that an entry of btrfs names; undefined where it names none: then the default is mounted. */
export function subvolumeOf({ options }: FstabEntry): string | undefined {
  const named = options.find((option) => option.startsWith('subvol='))?.slice('subvol='.length);
  if (named === undefined) return undefined;
  return named.replace(/^\/+|\/+$/g, '') || '/';
}
