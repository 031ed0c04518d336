import { join } from 'node:path';
import { noteFinished } from '../finished-nodes.js';
import { stage } from '../stage.js';

/** The last stage of an image that has a tree: while nothing changes, its next build has nothing to do. */
export const noteNode = stage({
  name: 'note',
  title: 'Noting the image',
  reads: ['node'],
  wants: ({ spec, paths }) => ({ spec, image: paths.image, outputDir: paths.outputDir }),
  async run(_host, { spec, image, outputDir }, { node, bundles = [] }) {
    const ofBundles = bundles.flatMap(({ files }) => files.map(({ name }) => join(outputDir, name)));
    await noteFinished(spec, node.id, { image, bundles: ofBundles });
  },
});
