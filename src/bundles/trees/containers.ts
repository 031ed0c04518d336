import { join } from 'node:path';
import { archiveStore, directoryStore } from '../../layers/export/blob-store.js';
import { writeDockerArchive, writeOciLayout, type ExportedImage } from '../../layers/export/container-image.js';
import { fileNameOf, type Made, type Making } from '../making.js';
import { omittedPaths } from '../omissions.js';
import type { TreeSource } from '../source.js';
import { selected } from './archives.js';

/** An image of the OCI image specification, with a layer for each layer of the tree. */
export async function writeOci(making: Making, source: TreeSource): Promise<Made> {
  const { host, target, directory, epoch } = making;
  const name = await fileNameOf(making);
  const file = join(directory, name);
  const blobs = target.subformat === 'directory' ? await directoryStore(file) : await archiveStore(file, epoch ?? 0);
  try {
    const { compression } = target;
    await writeOciLayout(
      host,
      imageOf(making, source),
      blobs,
      compression === 'gzip' || compression === 'zstd' ? compression : 'none',
    );
  } finally {
    await blobs.close();
  }
  return { files: [name], omitted: omittedPaths(target.omit) };
}

/** What `docker load` takes. */
export async function writeDocker(making: Making, source: TreeSource): Promise<Made> {
  const { host, target, directory, epoch } = making;
  const name = await fileNameOf(making);
  const blobs = await archiveStore(join(directory, name), epoch ?? 0);
  try {
    await writeDockerArchive(host, imageOf(making, source), blobs);
  } finally {
    await blobs.close();
  }
  return { files: [name], omitted: omittedPaths(target.omit) };
}

function imageOf(making: Making, { layers, platform, settings }: TreeSource): ExportedImage {
  const { target, image, epoch } = making;
  const plain =
    image
      .toLowerCase()
      .replace(/[^a-z0-9._-]/g, '-')
      .replace(/^[^a-z0-9]+/, '') || 'image';
  const usual = target.format === 'docker' ? `${plain}:latest` : plain;
  return {
    layers: layers.map((tree) => selected(making, tree)),
    reference: target.options.name ?? usual,
    platform,
    settings,
    created: epoch,
  };
}
