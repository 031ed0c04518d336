import { ExtFileSystem } from '../../disk/ext-file-system.js';
import { identifyCommand, readPartitionTableCommand } from '../../disk/partition-table.js';
import { findRootFileSystem } from '../../disk/root-file-system.js';
import { rootFileSystem } from '../root-file-system.js';
import { stage } from '../stage.js';

/** Removes what the installer left in the installed system, after printing its logs if the section asks for it. */
export const clean = stage({
  name: 'clean',
  title: 'Cleaning the installed system',
  leaves: ['rootFileSystem'],
  inPlace: true,
  wants: ({ spec, paths }) => ({ disk: paths.rawDisk, printsLogs: spec.installerLogs }),
  commands: ({ disk }) => [
    readPartitionTableCommand(disk),
    identifyCommand(disk, { offset: 'OFFSET', size: 'SIZE' }),
    ...ExtFileSystem.commands(disk, 'OFFSET').clean,
  ],
  async run(host, { disk, printsLogs }, state) {
    const volume = state.rootFileSystem ?? (await findRootFileSystem(host, disk));
    const root = await rootFileSystem(host, disk, volume);
    if (printsLogs) {
      for await (const { path, content } of root.logs()) host.log.info(`Content of ${path}:\n${content}`);
    }
    const removed = await root.removeLeftovers();
    host.log.info(removed.length > 0 ? `Removed ${removed.join(', ')}` : 'The installer left nothing behind');
    return { rootFileSystem: volume };
  },
});
