import { basename } from 'node:path';
import { archiveNode } from '../../nodes/call-worker.js';
import { archives } from '../build.js';
import { stage } from '../stage.js';

/** The image that is an archive of a tree: what containers are made of. */
export const archive = stage({
  name: 'archive',
  title: 'Archiving the tree',
  reads: ['node'],
  wants: ({ spec, paths, sourceDate }) => ({
    ...{ store: spec.storeDir, output: paths.candidate, directory: paths.diskDir, imageSize: spec.imageSize },
    ...{ compression: archives[spec.compression].compression, name: basename(paths.image) },
    elsewhere: [paths.image],
    epoch: sourceDate === undefined ? undefined : Math.floor(sourceDate / 1000),
  }),
  programs: ({ compression }) =>
    compression === 'none' ? ['getfattr'] : ['getfattr', compression === 'gzip' ? 'igzip' : compression],
  space: ({ directory, imageSize }) => [{ what: 'the archive', directory, least: 0, most: imageSize }],
  inputs: ({ compression, epoch }, { node }) => [node.id, compression, epoch],
  work: ({ output, elsewhere }) => ({ path: output, elsewhere }),
  async run(host, { store, output, compression, epoch }, { node }) {
    await archiveNode(host, { kind: 'archive', store, layer: node.layer, output, compression, epoch });
  },
});
