import type { Entry } from './expand.js';
import type { ModuleName } from './modules.js';
import { readDisk, readTable } from './read-disks.js';
import { readFileSystem, readFstab, readMount } from './read-file-systems.js';
import { readLvm } from './read-lvm.js';

export function readModules(entries: readonly Entry[]) {
  const of = (module: ModuleName) => entries.filter((entry) => entry.module === module);
  return {
    disks: of('local_loop').flatMap(readDisk),
    tables: of('partitioning').map(readTable),
    lvms: of('lvm').map((entry) => ({ name: entry.name, line: entry.line, ...readLvm(entry) })),
    fileSystems: of('mkfs').flatMap(readFileSystem),
    mounts: of('mount').flatMap(readMount),
    fstabs: of('fstab').flatMap(readFstab),
  };
}

/** What the modules of a document say, with the names of bases as they are written. */
export type ReadModules = ReturnType<typeof readModules>;
