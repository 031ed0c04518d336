import { ExtFileSystem } from '../../disk/ext-file-system.js';
import { identifyCommand } from '../../disk/disk-layout.js';
import { readPartitionTableCommand } from '../../disk/partition-table.js';
import { sharedIdentities } from '../../disk/shared-identities.js';
import { readSystem } from '../../disk/system.js';
import { SystemFiles } from '../../disk/system-files.js';
import { Volumes } from '../../disk/volumes.js';
import { stage } from '../stage.js';

/** Removes what the installer left in the installed system, after printing its logs if the section asks for it. */
export const clean = stage({
  name: 'clean',
  title: 'Cleaning the installed system',
  leaves: ['system'],
  inPlace: true,
  wants: ({ spec, paths }) => ({
    disk: paths.rawDisk,
    printsLogs: spec.installerLogs,
    rootPartition: spec.rootPartition,
  }),
  commands: ({ disk }) => [
    readPartitionTableCommand(disk),
    identifyCommand(disk, { offset: 'OFFSET', size: 'SIZE' }),
    ...ExtFileSystem.commands(disk, 'OFFSET').clean,
  ],
  inputs: ({ rootPartition }) => [rootPartition],
  async run(host, { disk, printsLogs, rootPartition }) {
    return Volumes.use(host, disk, async (volumes) => {
      const system = await readSystem(volumes, rootPartition);
      for (const device of system.unknownDevices) {
        host.log.warn(`The fstab of the installed system mounts ${device}, which is not on its disk`);
      }
      const files = new SystemFiles(system, volumes);
      if (printsLogs) {
        for await (const { path, content } of files.logs()) host.log.info(`Content of ${path}:\n${content}`);
      }
      const removed = await files.removeLeftovers();
      host.log.info(removed.length > 0 ? `Removed ${removed.join(', ')}` : 'The installer left nothing to remove');
      const shared = await sharedIdentities(files);
      if (shared.length > 0) {
        const lines = shared.map(({ files: paths, what }) => `  ${paths.join(', ')}: ${what}`);
        host.log.warn(`Machines from this image would share what must be each one's own:\n${lines.join('\n')}`);
      }
      return { system };
    });
  },
});
