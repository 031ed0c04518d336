import { isInstalled } from '../../config/image-spec.js';
import { askedInVain } from '../../install/asked-in-vain.js';
import { bootWays } from '../../disk/boot-ways.js';
import { ExtFileSystem } from '../../disk/ext-file-system.js';
import { identifyCommand } from '../../disk/disk-layout.js';
import { readPartitionTableCommand } from '../../disk/partition-table.js';
import { repair, repairingRulesWithout } from '../../golden/check.js';
import { byRule } from '../../golden/summary.js';
import { readSystem } from '../../disk/system.js';
import { SystemFiles } from '../../disk/system-files.js';
import { Volumes } from '../../disk/volumes.js';
import { stage } from '../stage.js';

/**
 * Removes what the installer left in the installed system, after printing its logs if the section asks for it; and repairs what
 * machines from the image would share. Before free blocks are zeroed, so that nothing of it stays on the disk.
 */
export const clean = stage({
  name: 'clean',
  title: 'Cleaning the installed system',
  leaves: ['system', 'bootWays'],
  inPlace: true,
  wants: ({ spec, paths, packages }) => ({
    disk: paths.rawDisk,
    hasOnlyLocked: packages !== undefined && isInstalled(spec),
    printsLogs: spec.installerLogs,
    rootPartition: spec.rootPartition,
    repairs: spec.golden === 'fix' ? { except: spec.goldenExcept } : undefined,
    removableLoader: spec.arch.removableLoader,
  }),
  commands: ({ disk }) => [
    readPartitionTableCommand(disk),
    identifyCommand(disk, { offset: 'OFFSET', size: 'SIZE' }),
    ...ExtFileSystem.commands(disk, 'OFFSET').clean,
  ],
  inputs: ({ rootPartition, repairs }) => [rootPartition, repairs],
  async run(host, { disk, printsLogs, hasOnlyLocked, rootPartition, repairs, removableLoader }) {
    return Volumes.use(host, disk, async (volumes) => {
      const system = await readSystem(volumes, rootPartition);
      for (const device of system.unknownDevices) {
        host.log.warn(`The fstab of the installed system mounts ${device}, which is not on its disk`);
      }
      const files = new SystemFiles(system, volumes);
      if (printsLogs) {
        for await (const { path, content } of files.logs()) host.log.info(`Content of ${path}:\n${content}`);
      }
      if (hasOnlyLocked) {
        const asked: string[] = [];
        for await (const { content } of files.logs()) asked.push(...askedInVain(content));
        if (asked.length > 0) {
          host.log.info(`The installer also asked for packages that the lock does not have: ${asked.join(', ')}`);
        }
      }
      const removed = await files.removeLeftovers();
      host.log.info(removed.length > 0 ? `Removed ${removed.join(', ')}` : 'The installer left nothing to remove');
      if (repairs !== undefined) {
        const { repaired } = await repair(host, files, repairingRulesWithout(repairs.except));
        for (const { rule, level, path } of repaired) host.log.finding({ rule, level, path, repaired: true });
        for (const { heading, places } of byRule(repaired)) {
          host.log.info([`Repaired ${heading}`, ...places].join('\n  '));
        }
      }
      const { ways, withoutLoader } = await bootWays(volumes, system, removableLoader);
      for (const volume of withoutLoader) {
        host.log.warn(
          `UEFI finds no boot loader on ${volume} without a boot entry, which is no part of an image: EFI/BOOT/${removableLoader ?? ''} is not there`,
        );
      }
      return { system, bootWays: ways };
    });
  },
});
