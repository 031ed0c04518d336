import { noteFinished } from '../finished-nodes.js';
import { stage } from '../stage.js';

/** The last stage of a derived image: while nothing changes, its next build has nothing to do. */
export const noteNode = stage({
  name: 'note',
  title: 'Noting the image',
  reads: ['node'],
  wants: ({ spec, paths }) => ({ spec, image: paths.image }),
  async run(_host, { spec, image }, { node }) {
    await noteFinished(spec, node.id, image);
  },
});
