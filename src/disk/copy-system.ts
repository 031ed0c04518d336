import { mkdir, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import { withScratchDirectory } from '../host/scratch-directory.js';
import { copyExt } from './ext-copy.js';
import { inspectImage, withReadableDisk } from './image-file.js';
import { readSystem, type Mount, type System } from './system.js';
import { called, type Stretch, type Volume } from './volume.js';
import { Volumes } from './volumes.js';

/** A volume that is copied: where its bytes lie, and what of it is mounted. */
export interface CopiedVolume {
  readonly volume: Volume;
  readonly stretch: Stretch;
  readonly mount: Mount;
}

/** Copies the files of a volume into a directory, with all that belongs to them. */
export type VolumeCopy = (host: Caller, copied: CopiedVolume, to: string) => Promise<void>;

/**
 * Copies the root file system of an installed disk, with all volumes that it mounts, into an empty directory. The disk
 * stays as it is.
 *
 * @param copy how: {@link copyMounted} for root, {@link copyUnmounted} for all others
 * @param afterwards sees the same disk, while it is open
 * @throws Failure for a disk without a system, or that is only a part of one
 */
export async function copySystem(
  host: Caller,
  disk: string,
  to: string,
  copy: VolumeCopy,
  afterwards: (volumes: Volumes, system: System) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const image = await inspectImage(host, disk);
  await withReadableDisk(host, image, dirname(to), (raw) =>
    Volumes.use(host, raw, async (volumes) => {
      const system = await readSystem(volumes);
      // What is mounted lower goes over what is mounted above it.
      const mounts = [...system.mounts].sort((a, b) => a.mountPoint.length - b.mountPoint.length);
      for (const mount of mounts) {
        const volume = system.volumes.find(({ id }) => id === mount.volume);
        if (volume === undefined) throw new Error(`no volume ${mount.volume}`);
        host.log.progress({ text: `Copying ${called(volume)}, which is ${mount.mountPoint} of the system` });
        const place = join(to, mount.mountPoint);
        await mkdir(place, { recursive: true });
        await copy(host, { volume, stretch: await volumes.stretch(volume), mount }, place);
      }
      const unknown = system.unknownDevices.join(', ');
      if (unknown !== '') host.log.warn(`${disk}: not on this disk, so not copied: ${unknown}`);
      await afterwards(volumes, system);
    }),
  );
}

/** Mount options with which nothing is written to a file system, and its journal is left alone. */
const untouched: Readonly<Record<string, string>> = {
  ext3: ',noload',
  ext4: ',noload',
  xfs: ',norecovery,nouuid',
};

/** As root: the kernel reads the file system, in a mount namespace that ends with the copy. */
export const copyMounted: VolumeCopy = async (host, copied, to) => {
  const { volume, stretch, mount } = copied;
  const type = volume.fileSystem ?? '';
  if (type === 'vfat') return copyFat(host, stretch, to);
  const mounted = async (point: string) => {
    const subvolume = type === 'btrfs' ? `,subvol=${mount.subvolume}` : '';
    const place = `loop,ro,offset=${stretch.offset},sizelimit=${stretch.size}`;
    const options = `${place}${untouched[type] ?? ''}${subvolume}`;
    // Snapshots are subvolumes that lie in this one: copies of the whole system.
    const extent = mount.mountPoint === '/.snapshots' ? ['--one-file-system'] : [];
    const script = 'mount -t "$1" -o "$2" -- "$3" "$4"; shift 4; exec cp --archive --sparse=auto "$@"';
    const words = ['sh', type, options, stretch.file, point, ...extent, '-T', '--', point, to];
    await run(host, command('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', script, ...words]));
  };
  await withScratchDirectory('mount', mounted, host.scratch);
};

/** As any user: programs read the file system where it lies. */
export const copyUnmounted: VolumeCopy = async (host, { volume, stretch }, to) => {
  const type = volume.fileSystem ?? '';
  if (type === 'vfat') return copyFat(host, stretch, to);
  if (/^ext[234]$/.test(type)) return copyExt(host, { disk: stretch.file, offset: stretch.offset }, to);
  throw new Failure(`${called(volume)} has ${type}, which only root can read`, { hint: 'Import the disk as root.' });
};

async function copyFat(host: Caller, { file, offset }: Stretch, to: string): Promise<void> {
  const env = { MTOOLS_SKIP_CHECK: '1' };
  const { atime, mtime } = await stat(to);
  await run(host, command('mcopy', ['-s', '-p', '-m', '-n', '-i', `${file}@@${offset}`, '::/', to], { env }));
  // The top of a FAT has no time, and mcopy makes one up.
  await utimes(to, atime, mtime);
}
