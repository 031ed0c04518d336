import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../host/failure.js';
import type { Host } from '../../host/host.js';
import type { FileSystem, Layout } from '../../layout/layout.js';
import { sizeOf, type Place } from './pieces.js';
import { contentOf, type Content } from './content.js';
import type { FileSystemMaker, NewFileSystem, NewSubvolume } from './file-system-maker.js';
import { makerOf } from './file-systems.js';
import type { Identifiers } from './identifiers.js';
import { mountedBelow } from './mount-points.js';
import { putInPlace } from './put-in-place.js';
import type { TreeEntry } from './tree-listing.js';
import type { TreeView } from './tree-view.js';

/** Everything that the file systems of a disk are made of. */
interface Making {
  readonly layout: Layout;
  readonly places: ReadonlyMap<string, Place>;
  /** The files of the disks, by name. */
  readonly files: ReadonlyMap<string, string>;
  readonly uuids: ReadonlyMap<string, string>;
  readonly identifiers: Identifiers;
  readonly view: TreeView;
  /** All that the view shows. */
  readonly entries: readonly TreeEntry[];
  readonly epoch: number | undefined;
  /** A directory for what lies in a file for a moment. */
  readonly work: string;
}

/** Makes all file systems of a layout where they belong, each with its part of the tree. */
export async function fillFileSystems(host: Host, making: Making): Promise<void> {
  for (const fileSystem of making.layout.fileSystems) {
    const place = making.places.get(fileSystem.on) ?? [];
    const maker = makerOf(fileSystem);
    if (!maker) continue;
    const on = fileSystem.mount?.startsWith('/') ? ` for ${fileSystem.mount}` : '';
    host.log.info(`Making ${fileSystem.type}${on} on ${fileSystem.on}`);
    const [only] = place;
    if (maker.atOffset && only && place.length === 1) {
      await make(host, maker, {
        ...(await asked(host, fileSystem, making)),
        file: making.files.get(only.disk) ?? '',
        offset: only.offset,
        size: only.size,
      });
      continue;
    }
    const alone = join(making.work, 'file-system');
    await writeFile(alone, '');
    await truncate(alone, sizeOf(place));
    const wanted = await asked(host, fileSystem, making);
    await make(host, maker, { ...wanted, file: alone, offset: 0, size: sizeOf(place) });
    await putInPlace(host, alone, place, making.files);
    await rm(alone);
  }
}

/** What programs say of a file system that is full, and of a full disk that its file lies on. */
const full = /no space left|could not allocate|out of space|not enough (free )?space|disk full/i;

async function make(host: Host, maker: FileSystemMaker, made: NewFileSystem): Promise<void> {
  try {
    await maker.make(host, made);
  } catch (error) {
    if (!(error instanceof Failure) || !full.test(error.message)) throw error;
    const { name } = made.fileSystem;
    throw new Failure(error.message, {
      hint: `Give the file system ${name} more space in the layout, or make the disk larger (--size); or free space where the disk is made.`,
      cause: error,
    });
  }
}

async function asked(
  host: Host,
  fileSystem: FileSystem,
  making: Making,
): Promise<Omit<NewFileSystem, 'file' | 'offset' | 'size'>> {
  const { layout, uuids, identifiers, epoch, work, places } = making;
  const disk = layout.disks.find(({ name }) => name === places.get(fileSystem.on)?.[0]?.disk);
  const contentAt = async (mount: string | undefined): Promise<Content | undefined> =>
    mount?.startsWith('/') ? contentOf(host, making, { top: mount, masked: mountedBelow(layout, mount) }) : undefined;
  const subvolumes: NewSubvolume[] = [];
  for (const { name, mount } of fileSystem.subvolumes) subvolumes.push({ name, content: await contentAt(mount) });
  return {
    fileSystem,
    uuid: uuids.get(fileSystem.name) ?? '',
    hashSeed: identifiers.uuid(`hash seed ${fileSystem.name}`),
    sectorSize: disk?.sectorSize ?? 512,
    content: await contentAt(fileSystem.mount),
    subvolumes,
    epoch,
    scratch: work,
  };
}
