import { isInstalled, type ImageSpec } from '../../config/image-spec.js';
import { Failure } from '../../host/failure.js';
import { imageLayout } from '../../layout/image-layout.js';
import { diskOf } from '../../nodes/call-worker.js';
import type { DiskShape } from '../../nodes/jobs.js';
import type { NodeRecord } from '../../nodes/record.js';
import { kernelWords } from '../kernel-words.js';
import { withLayout } from '../line.js';
import { stage } from '../stage.js';

/** The disk of an image that has a tree: in the frame of the disk that its installed ancestor has, or by its layout. */
export const disk = stage({
  name: 'disk',
  title: 'Making the disk',
  reads: ['node'],
  keepsWork: true,
  wants: ({ spec, paths, sourceDate }) =>
    isInstalled(spec)
      ? undefined
      : {
          ...{ spec: withLayout(spec), output: paths.rawDisk, directory: paths.diskDir, imageSize: spec.imageSize },
          epoch: sourceDate === undefined ? undefined : Math.floor(sourceDate / 1000),
        },
  programs: () => ['mke2fs', 'debugfs', 'find', 'cp', 'unshare', 'mount'],
  space: ({ directory, imageSize }) => [{ what: 'the disk', directory, least: 0, most: imageSize }],
  inputs: ({ epoch, spec }, { node }) => [node.id, epoch, ...(node.frame === undefined ? [kernelWords(spec)] : [])],
  work: ({ output }) => ({ path: output }),
  async run(host, { spec, output, epoch }, { node }) {
    const { storeDir: store } = spec;
    await diskOf(host, { kind: 'disk', store, layer: node.layer, by: await shape(spec, node), output, epoch });
  },
});

async function shape(spec: ImageSpec, { layer, frame }: NodeRecord): Promise<DiskShape> {
  if (frame !== undefined) return { frame };
  const layout = await imageLayout(spec);
  if (layout !== undefined) return { layout, kernelWords: kernelWords(spec) };
  throw new Failure(`no disk can be made of the layer ${layer}: [${spec.name}] has no layout`);
}
