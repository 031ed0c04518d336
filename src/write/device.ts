import { realpath, stat } from 'node:fs/promises';
import { errnoOf, reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import { command, run, type Caller, type Command } from '../host/host.js';
import { shownSize } from '../layout/size.js';

/** A device of this machine, and what is on it, as lsblk(8) tells. */
export interface DeviceTree {
  /** Its path: `/dev/sdb`. */
  readonly name: string;
  /** `disk`, `part`, `loop`, `lvm`, `crypt`, `raid1`, `rom`, … */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  readonly ro: boolean;
  /** Bytes of a logical sector. */
  readonly 'log-sec': number;
  readonly model: string | null;
  readonly serial: string | null;
  /** How it is attached: `usb`, `sata`, `nvme`, … */
  readonly tran: string | null;
  readonly fstype: string | null;
  readonly label: string | null;
  readonly mountpoints: readonly (string | null)[];
  /** Partitions, and what is made of it: volumes, arrays, mappings. */
  readonly children?: readonly DeviceTree[];
}

const columns = 'NAME,TYPE,SIZE,RO,LOG-SEC,MODEL,SERIAL,TRAN,FSTYPE,LABEL,MOUNTPOINTS';

export function examineCommand(path: string): Command {
  return command('lsblk', ['--json', '--bytes', '--paths', '--output', columns, path]);
}

/**
 * What is known of a block device.
 *
 * @param path may be a symbolic link, such as those below /dev/disk/by-id
 * @throws UsageError where there is none
 */
export async function examineDevice(host: Caller, path: string): Promise<DeviceTree> {
  const device = await realpath(path).catch((error: unknown) => {
    const hint = errnoOf(error)?.code === 'ENOENT' ? ": 'lsblk' lists the disks of this machine" : '';
    throw new UsageError([`${path}: ${reasonOf(error)}${hint}`]);
  });
  const found = await stat(device);
  if (!found.isBlockDevice()) {
    const file = found.isFile() ? '; --to-file writes onto a regular file' : '';
    throw new UsageError([`${path} is no block device${file}`]);
  }
  const { stdout } = await run(host, examineCommand(device));
  const [tree] = (JSON.parse(stdout) as { blockdevices: readonly DeviceTree[] }).blockdevices;
  if (tree === undefined) throw new UsageError([`${path}: lsblk does not know this device`]);
  return tree;
}

/** Where a system that runs has its own files: a disk with one of these mounted is the one that this machine runs from. */
const systemMounts = new Set([
  '/',
  '/boot',
  '/boot/efi',
  '/efi',
  '/usr',
  '/var',
  '/home',
  '/nix',
  '/ostree',
  '/sysroot',
]);

/** Why nothing may be written onto a device, and what to do about it: every reason. */
export function obstacles(device: DeviceTree): string[] {
  const all = withAllBelow(device);
  const mounted = all.flatMap((each) => each.mountpoints.flatMap((at) => (at === null ? [] : { each, at })));
  const system = mounted.filter(({ at }) => systemMounts.has(at)).map(({ at }) => at);
  const { name, type } = device;
  return [
    ...(system.length > 0 ? [`${name} is the disk that this machine runs from: ${system.join(', ')}`] : []),
    ...mounted
      .filter(({ at }) => !systemMounts.has(at))
      .map(({ each, at }) =>
        at === '[SWAP]'
          ? `${each.name} is swap space in use: swapoff ${each.name}`
          : `${each.name} is mounted at ${at}: umount ${at}`,
      ),
    ...all.flatMap(holding),
    ...(type === 'part' ? [`${name} is a partition: an image has partitions of its own, name the whole disk`] : []),
    ...(type === 'rom' ? [`${name} is an optical drive`] : []),
    ...(device.ro ? [`${name} is read-only`] : []),
    ...(device.size === 0 ? [`${name} has no medium, or a size of 0`] : []),
  ];
}

function withAllBelow(device: DeviceTree): DeviceTree[] {
  return [device, ...(device.children ?? []).flatMap(withAllBelow)];
}

/** What of a device's kernel objects is made of it, with the command that ends that. */
function holding({ name, children = [] }: DeviceTree): string[] {
  return children
    .filter(({ type }) => type !== 'part')
    .map((holder) => `${name} is a part of ${holder.name} (${holder.type}): ${ending(holder)}`);
}

function ending({ name, type }: DeviceTree): string {
  if (type === 'lvm') return `lvchange --activate n ${name}`;
  if (type === 'crypt') return `cryptsetup close ${name}`;
  if (type.startsWith('raid') || type === 'linear') return `mdadm --stop ${name}`;
  if (type === 'mpath') return `write onto ${name} instead`;
  return `dmsetup remove ${name}`;
}

/** A device in one line, for who must tell whether it is the right one: `/dev/sdb: SanDisk Ultra, serial 4C53, usb, 14.9 GiB`. */
export function describeDevice({ name, model, serial, tran, size }: DeviceTree): string {
  const parts = [
    model?.trim() || 'no model',
    serial ? `serial ${serial.trim()}` : 'no serial number',
    ...(tran ? [tran] : []),
    shownSize(size),
  ];
  return `${name}: ${parts.join(', ')}`;
}

/** What would be lost: partitions and what is on them. */
export function describeContent(device: DeviceTree): string[] {
  const all = withAllBelow(device).filter(({ type, fstype }) => type === 'part' || fstype !== null);
  return all.map(({ name, size, fstype, label }) =>
    [name, shownSize(size), ...(fstype ? [fstype] : []), ...(label ? [`'${label}'`] : [])].join(' '),
  );
}
