import { createRawDiskCommand } from '../../disk/raw-disk.js';
import { run } from '../../host/host.js';
import { always, type Stage } from '../../engine/stage.js';

/** An empty disk. */
export const create: Stage = {
  name: 'create',
  title: 'Creating the disk',
  neededFor: always,
  commands: ({ spec, paths }) => [createRawDiskCommand(paths.rawDisk, spec.imageSize)],
  async run(build) {
    for (const called of create.commands(build)) await run(build, called);
  },
  inputs: ({ spec }) => [spec.imageSize],
};
