import type { FileSystem, Layout } from '../../layout/layout.js';
import { btrfs } from './btrfs.js';
import { ext } from './ext.js';
import type { FileSystemMaker } from './file-system-maker.js';
import type { Identifiers } from './identifiers.js';
import { swap } from './swap.js';
import { vfat } from './vfat.js';
import { xfs } from './xfs.js';

/** What can be made, by the type that a layout gives. */
const makers: Readonly<Record<string, FileSystemMaker>> = {
  ...{ ext2: ext, ext3: ext, ext4: ext },
  ...{ xfs, btrfs, swap },
  ...{ vfat, fat: vfat, msdos: vfat },
};

export const knownTypes = Object.keys(makers);

export function makerOf({ type }: FileSystem): FileSystemMaker | undefined {
  return Object.hasOwn(makers, type) ? makers[type] : undefined;
}

/** The UUIDs of all file systems, by name: those that the layout gives, and derived ones. */
export function fileSystemUuids(layout: Layout, identifiers: Identifiers): ReadonlyMap<string, string> {
  return new Map(
    layout.fileSystems.map((fileSystem) => {
      const derived = identifiers.uuid(`file system ${fileSystem.name}`);
      return [fileSystem.name, fileSystem.uuid ?? makerOf(fileSystem)?.uuid(derived) ?? derived] as const;
    }),
  );
}
