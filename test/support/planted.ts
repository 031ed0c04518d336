import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { installerLeftovers } from '../../src/disk/installer-leftovers.js';
import { below } from '../../src/disk/place.js';
import type { BuildState } from '../../src/images/build.js';
import { clean } from '../../src/images/stages/clean.js';
import { zerofree } from '../../src/images/stages/zerofree.js';
import { program } from './disk.js';
import { testStageHost } from './stage.js';
import { found, put } from './system-disk.js';

/** Every leftover of every installer, by the path of a file in it. */
export const leftovers = installerLeftovers.map((pattern) => {
  const path = pattern.replace('*', 'x');
  return /\.(cfg|xml|log|inf)$|[*]/.test(pattern) ? path : `${path}/deep/er`;
});

export const secretOf = (path: string) => `SECRET-OF-${path.replaceAll(/\W/g, '-')};`;
export const deletedFrom = (mountPoint: string) => `DELETED-FROM-${mountPoint};`;
export const staysOn = (mountPoint: string) => `STAYS-ON-${mountPoint};`;

/** Puts every leftover below a mount point into a volume, a file that stays, and one that is then deleted. */
export const plant =
  (mountPoint: string, others: readonly string[] = []) =>
  (root: string) => {
    for (const path of leftovers) {
      const hidden = others.some((other) => below(other, path) !== undefined);
      const inside = hidden ? undefined : below(mountPoint, path);
      if (inside !== undefined) put(root, inside, secretOf(path).repeat(300));
    }
    put(root, 'stays', staysOn(mountPoint).repeat(300));
    put(root, 'deleted', deletedFrom(mountPoint).repeat(3000));
    program('sync', ['--file-system', root]);
    unlinkSync(join(root, 'deleted'));
  };

/** Cleans and zeroes a disk as a build does; gives what it says. */
export async function cleaned(disk: string): Promise<string> {
  const host = testStageHost<BuildState>();
  const state = await clean.run(
    host,
    {
      disk,
      printsLogs: false,
      hasOnlyLocked: false,
      rootPartition: undefined,
      repairs: undefined,
      removableLoader: 'BOOTX64.EFI',
    },
    {},
  );
  await zerofree.run(host, { disk }, state);
  return host.log.lines.filter((line) => !line.startsWith('debug')).join('\n');
}

/** What of some texts a reader of the raw disk, and of the image that is made from it, can still find. */
export function readable(disk: string, texts: readonly string[]): string[] {
  program('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', disk, `${disk}.qcow2`]);
  program('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', `${disk}.qcow2`, `${disk}.again`]);
  return [...new Set([...found(disk, texts), ...found(`${disk}.again`, texts)])];
}
