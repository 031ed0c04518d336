import { createRawDiskCommand } from '../../disk/raw-disk.js';
import { run } from '../../host/host.js';
import { stage } from '../stage.js';

/** An empty disk. */
export const create = stage({
  name: 'create',
  title: 'Creating the disk',
  wants: ({ spec, paths }) => ({ disk: paths.rawDisk, directory: paths.diskDir, size: spec.imageSize }),
  commands: ({ disk, size }) => [createRawDiskCommand(disk, size)],
  // The installed system is promised a disk of this size, and may fill it.
  space: ({ directory, size }) => [{ what: 'the disk', directory, least: size, most: size }],
  inputs: ({ size }) => [size],
  work: ({ disk }) => ({ path: disk }),
  async run(host, { disk, size }) {
    await run(host, createRawDiskCommand(disk, size));
  },
});
