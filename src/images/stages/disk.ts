import { Failure } from '../../host/failure.js';
import { diskOf } from '../../nodes/call-worker.js';
import { isDerived } from '../../config/image-spec.js';
import { stage } from '../stage.js';

/** The disk of a derived image: its tree in the frame of the disk that its installed ancestor has. */
export const disk = stage({
  name: 'disk',
  title: 'Making the disk',
  reads: ['node'],
  keepsWork: true,
  wants: ({ spec, paths, sourceDate }) =>
    isDerived(spec)
      ? {
          ...{ spec, output: paths.rawDisk, directory: paths.diskDir, imageSize: spec.imageSize },
          epoch: sourceDate === undefined ? undefined : Math.floor(sourceDate / 1000),
        }
      : undefined,
  programs: () => ['mke2fs', 'debugfs', 'find', 'cp', 'unshare', 'mount'],
  space: ({ directory, imageSize }) => [{ what: 'the disk', directory, least: 0, most: imageSize }],
  inputs: ({ epoch }, { node }) => [node.id, epoch],
  work: ({ output }) => ({ path: output }),
  async run(host, { spec, output, epoch }, { node }) {
    if (node.frame === undefined) {
      throw new Failure(
        `no disk can be made of the layer ${node.layer}: none of its ancestors was installed, so there is no partition table and no boot loader`,
        {
          hint: `Derive from an installed image or a disk; or use the layer: image-factory layer export ${node.layer} FILE`,
        },
      );
    }
    await diskOf(host, { kind: 'disk', store: spec.storeDir, layer: node.layer, frame: node.frame, output, epoch });
  },
});
