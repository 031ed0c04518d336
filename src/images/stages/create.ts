import { createRawDiskCommand } from '../../disk/raw-disk.js';
import { run } from '../../host/host.js';
import { stage } from '../stage.js';

/** The smallest server systems of the distributions take about as much, in bytes. */
const smallestSystem = 512 * 2 ** 20;

/** An empty disk. */
export const create = stage({
  name: 'create',
  title: 'Creating the disk',
  wants: ({ spec, paths }) => ({
    disk: paths.rawDisk,
    directory: paths.diskDir,
    size: spec.imageSize,
    spaceCheck: spec.spaceCheck,
  }),
  commands: ({ disk, size }) => [createRawDiskCommand(disk, size)],
  // The disk has holes: the system may never fill what it is promised. QEMU stops where there is no more room.
  space: ({ directory, size, spaceCheck }) => [
    { what: 'the disk', directory, least: spaceCheck === 'error' ? size : Math.min(size, smallestSystem), most: size },
  ],
  inputs: ({ size }) => [size],
  work: ({ disk }) => ({ path: disk }),
  async run(host, { disk, size }) {
    await run(host, createRawDiskCommand(disk, size));
  },
});
