import { join } from 'node:path';
import { noteFinished, treeOf } from '../finished-nodes.js';
import { stage } from '../stage.js';

/** The last stage of a derived image: while nothing changes, its next build has nothing to do. */
export const noteNode = stage({
  name: 'note',
  title: 'Noting the image',
  reads: ['node'],
  wants: ({ spec, paths }) => ({ spec, image: paths.image, outputDir: paths.outputDir }),
  async run(_host, { spec, image, outputDir }, { node, image: disk, bundles = [] }) {
    const ofBundles = bundles.flatMap(({ files }) => files.map(({ name }) => join(outputDir, name)));
    const files = [...(disk === undefined ? [] : [image]), ...ofBundles];
    await noteFinished(spec, node.id, { image: disk === undefined ? treeOf(node) : image, files });
  },
});
