import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileSink } from '../host/file-sink.js';
import type { Host } from '../host/host.js';
import { compressor } from '../layers/export/compressor.js';
import { layerArchive, type ArchivedTree } from '../layers/export/layer-archive.js';
import { chainOf } from '../layers/layers.js';
import { openStore } from '../layers/store.js';
import { withTree } from './disk.js';
import type { ArchiveJob } from './jobs.js';

/** Writes an archive of a layer with all below it: sorted, with numbers of owners; the same tree gives the same bytes. */
export async function archiveNode(
  host: Host,
  { store: place, layer, output, compression, epoch }: ArchiveJob,
): Promise<void> {
  const store = await openStore(host, place);
  const write = async (tree: ArchivedTree) => {
    const archive = layerArchive(host, { ...tree, newest: epoch });
    await pipeline(compressor(host, compression, 'small')(archive), fileSink(output));
  };
  const what = `layer ${layer}`;
  const [top, ...below] = await chainOf(store, layer);
  if (top !== undefined && below.length === 0) await write({ directory: top.tree, what, contentId: top.contentId });
  else await withTree(store, layer, dirname(output), (directory) => write({ directory, what }));
}
