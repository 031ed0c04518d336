import { ExtFileSystem } from '../../disk/ext-file-system.js';
import { identifyCommand, readPartitionTableCommand } from '../../disk/partition-table.js';
import { rootFileSystem } from '../root-file-system.js';
import { always, type Stage } from '../../engine/stage.js';

/** Removes what the installer left in the installed system, after printing its logs if the section asks for it. */
export const clean: Stage = {
  name: 'clean',
  title: 'Cleaning the installed system',
  neededFor: always,
  commands: ({ paths }) => [
    readPartitionTableCommand(paths.rawDisk),
    identifyCommand(paths.rawDisk, { offset: 'OFFSET', size: 'SIZE' }),
    ...ExtFileSystem.commands(paths.rawDisk, 'OFFSET').clean,
  ],
  async run(build) {
    const root = await rootFileSystem(build);
    if (build.spec.installerLogs) {
      for await (const { path, content } of root.logs()) build.log.info(`Content of ${path}:\n${content}`);
    }
    const removed = await root.removeLeftovers();
    build.log.info(removed.length > 0 ? `Removed ${removed.join(', ')}` : 'The installer left nothing behind');
  },
  inputs: () => [],
};
