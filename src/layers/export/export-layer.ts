import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Failure, UsageError } from '../../host/failure.js';
import { fileSink } from '../../host/file-sink.js';
import { command, follow } from '../../host/host.js';
import { chainOf, settingsIn, type Layer } from '../layers.js';
import { contentOf } from '../manifest.js';
import type { Store } from '../store.js';
import { archiveStore, directoryStore } from './blob-store.js';
import { compressor } from './compressor.js';
import { writeDockerArchive, writeOciLayout, type ExportedImage } from './container-image.js';
import { writeErofs, writeSquashfs } from './file-system-image.js';
import type { ExportCompression, ExportFormat } from './formats.js';
import { layerArchive, type ArchivedTree } from './layer-archive.js';
import { platformOf, platformOfBuilder } from './platform.js';

/** What is exported, and how. */
export interface Export {
  readonly name: string;
  /** A file or directory that does not exist yet. */
  readonly file: string;
  readonly format: ExportFormat;
  readonly compression: ExportCompression;
  /** The mount point of the layer with all below it; undefined: each layer as it is. */
  readonly merged: string | undefined;
  /** What a container image is called (default: by the layer). */
  readonly reference?: string;
  /** SOURCE_DATE_EPOCH: later times become this one. Seconds since 1970. */
  readonly epoch: number | undefined;
}

/**
 * Writes a layer to a file, which appears when it is whole. Container images have a layer for each layer; the other
 * formats hold one tree: that of the layer itself, or all layers merged.
 *
 * @throws Failure if it is there already, the layer is open, or a layer is not what it was when it was closed
 */
export async function exportLayer(store: Store, wanted: Export): Promise<void> {
  const { name, format, merged, epoch } = wanted;
  const chain = await chainOf(store, name);
  const open = chain.find(({ state }) => state === 'open');
  if (open !== undefined) {
    throw new Failure(`layer '${open.name}' is open: it may still change`, {
      hint: `Close it first: image-factory layer close ${open.name}`,
    });
  }
  const trees = chain.map((layer) => treeOf(layer, epoch));
  const [top] = trees;
  const all: ArchivedTree = { directory: merged ?? '', what: `layer ${name}`, newest: epoch };
  const own = merged === undefined ? top : all;
  if (own === undefined) return;
  if (merged !== undefined) for (const tree of trees) await expectUnchanged(store, tree);
  else if (trees.length > 1 && format !== 'oci' && format !== 'docker') {
    const below = chain.slice(1).map((layer) => layer.name);
    store.host.log.info(
      `${wanted.file} gets what layer ${name} adds to ${below.join(', ')}; for the whole tree, add --flatten`,
    );
  }
  await appearing(store, wanted.file, async (unfinished) => {
    if (format === 'oci' || format === 'docker') {
      const settings = settingsIn(chain);
      const image: ExportedImage = {
        layers: merged === undefined ? trees.toReversed() : [all],
        reference:
          wanted.reference ?? (format === 'oci' ? name : `${name.toLowerCase().replace(/[^a-z0-9._-]/g, '-')}:latest`),
        platform:
          platformOf(
            chain.map(({ tree }) => tree),
            settings,
          ) ?? platformOfBuilder(store.host, `layer ${name}`),
        settings,
        created: epoch,
      };
      await writeImage(store, wanted, image, unfinished);
    } else await writeTree(store, wanted, own, unfinished);
  });
}

function treeOf({ name, tree, contentId }: Layer, newest: number | undefined): ArchivedTree {
  return { directory: tree, what: `layer ${name}`, contentId, newest };
}

async function writeImage(
  { host }: Store,
  { format, file, compression, epoch }: Export,
  image: ExportedImage,
  unfinished: string,
): Promise<void> {
  const isArchive = format === 'docker' || file.endsWith('.tar');
  const blobs = isArchive ? await archiveStore(unfinished, epoch ?? 0) : await directoryStore(unfinished);
  try {
    if (format === 'docker') await writeDockerArchive(host, image, blobs);
    else await writeOciLayout(host, image, blobs, ociCompression(compression));
  } finally {
    await blobs.close();
  }
}

function ociCompression(compression: ExportCompression): Exclude<ExportCompression, 'xz'> {
  if (compression !== 'xz') return compression;
  throw new UsageError(['--compression xz: layers of OCI images have gzip, zstd or none']);
}

async function writeTree(store: Store, wanted: Export, tree: ArchivedTree, unfinished: string): Promise<void> {
  const { host } = store;
  if (wanted.format === 'tar') {
    const source = layerArchive(host, tree);
    return pipeline(source, compressor(host, wanted.compression), fileSink(unfinished));
  }
  const { id, newest } = await expectUnchanged(store, tree);
  const image = { ...tree, file: unfinished, time: wanted.epoch ?? newest };
  host.log.progress({ text: `Writing ${wanted.file}` });
  switch (wanted.format) {
    case 'squashfs':
      return writeSquashfs(host, image);
    case 'erofs':
      return writeErofs(host, image, id);
    case 'directory':
      return follow(
        host,
        command('cp', ['--archive', '--reflink=auto', '-T', '--', tree.directory, unfinished]),
        () => undefined,
      );
  }
}

/** @throws Failure if a tree is not what it was when its layer was closed */
async function expectUnchanged({ host }: Store, { directory, what, contentId }: ArchivedTree) {
  const content = await contentOf(host, directory, what);
  if (contentId === undefined || content.id === contentId) return content;
  throw new Failure(`${what} is not as it was when it was closed, so it is not exported`, {
    hint: `To see what has changed: image-factory layer verify ${what.replace(/^layer /, '')}`,
  });
}

/** Has a file or directory appear under its name when it is whole; nothing stays of one that is not. */
async function appearing(store: Store, file: string, write: (unfinished: string) => Promise<void>): Promise<void> {
  const path = resolve(file);
  if (existsSync(path)) throw new Failure(`${file} exists already`, { hint: 'Choose another name, or remove it.' });
  const unfinished = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}`);
  const remove = store.host.release.hold(`the unfinished ${unfinished}`, () =>
    rm(unfinished, { recursive: true, force: true }),
  );
  try {
    await write(unfinished);
    await rename(unfinished, path);
  } finally {
    await remove();
  }
}
