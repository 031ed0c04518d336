import { createHash } from 'node:crypto';
import type { Caller } from '../../host/host.js';
import { usualConfig, type ImageSettings } from '../image-settings.js';
import type { BlobStore } from './blob-store.js';
import { compressor } from './compressor.js';
import type { ExportCompression } from './formats.js';
import { hashing, layerArchive, type ArchivedTree } from './layer-archive.js';
import type { Platform } from './platform.js';

/** An image of one or more layers. */
export interface ExportedImage {
  /** The lowest first. */
  readonly layers: readonly ArchivedTree[];
  /** What others call it: its tag. */
  readonly reference: string;
  readonly platform: Platform;
  /** What an image says that the layers were imported from. */
  readonly settings: ImageSettings | undefined;
  /** The time that it says it was made at, in seconds since 1970; undefined: that of its newest file. */
  readonly created: number | undefined;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const type = (name: string) => `application/vnd.oci.image.${name}`;

const layerTypes: Readonly<Record<Exclude<ExportCompression, 'xz'>, string>> = {
  none: type('layer.v1.tar'),
  gzip: type('layer.v1.tar+gzip'),
  zstd: type('layer.v1.tar+zstd'),
};

const blobPath = (digest: string) => `blobs/sha256/${digest}`;

/** Writes an image layout of the OCI image specification 1.1. */
export async function writeOciLayout(
  host: Caller,
  image: ExportedImage,
  store: BlobStore,
  compression: Exclude<ExportCompression, 'xz'>,
): Promise<void> {
  await store.put('oci-layout', json({ imageLayoutVersion: '1.0.0' }));
  for (const directory of ['blobs', 'blobs/sha256']) await store.makeDirectory(directory);
  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  const times = new Times(image);
  for (const tree of image.layers) {
    const diffId = createHash('sha256');
    const archive = compressor(host, compression)(hashing(layerArchive(host, times.watching(tree)), diffId));
    const { digest, size } = await store.add(archive, blobPath);
    layers.push({ mediaType: layerTypes[compression], digest: `sha256:${digest}`, size });
    diffIds.push(`sha256:${diffId.digest('hex')}`);
  }
  const put = async (mediaType: string, value: unknown): Promise<Descriptor> => {
    const content = json(value);
    const digest = createHash('sha256').update(content).digest('hex');
    const { size } = await store.put(blobPath(digest), content);
    return { mediaType, digest: `sha256:${digest}`, size };
  };
  const config = await put(type('config.v1+json'), configOf(image, diffIds, times.created()));
  const manifestType = type('manifest.v1+json');
  const kept = image.settings?.annotations;
  const about = { ...(kept !== undefined && { annotations: kept }) };
  const manifest = await put(manifestType, { schemaVersion: 2, mediaType: manifestType, config, layers, ...about });
  const annotations = { 'org.opencontainers.image.ref.name': image.reference };
  const { architecture, variant } = image.platform;
  const platform = { architecture, os: 'linux', ...(variant !== undefined && { variant }) };
  const index = {
    schemaVersion: 2,
    mediaType: type('index.v1+json'),
    manifests: [{ ...manifest, platform, annotations }],
  };
  await store.put('index.json', json(index));
  await store.end();
}

/** Writes an archive as `docker save` does, which `docker load` reads. */
export async function writeDockerArchive(host: Caller, image: ExportedImage, store: BlobStore): Promise<void> {
  const diffIds: string[] = [];
  const times = new Times(image);
  for (const tree of image.layers) {
    const { digest } = await store.add(layerArchive(host, times.watching(tree)), (hex) => `${hex}.tar`);
    diffIds.push(`sha256:${digest}`);
  }
  const config = json(configOf(image, diffIds, times.created()));
  const name = `${createHash('sha256').update(config).digest('hex')}.json`;
  await store.put(name, config);
  const Layers = diffIds.map((id) => `${id.slice('sha256:'.length)}.tar`);
  await store.put('manifest.json', json([{ Config: name, RepoTags: [image.reference], Layers }]));
  await store.end();
}

/** Finds out when an image was made. */
class Times {
  #newest = 0;

  constructor(private readonly image: ExportedImage) {}

  watching(tree: ArchivedTree): ArchivedTree {
    return { ...tree, onTime: (seconds) => (this.#newest = Math.max(this.#newest, seconds)) };
  }

  /** Seconds since 1970. */
  created(): number {
    return this.image.created ?? this.#newest;
  }
}

function configOf({ layers, platform, settings }: ExportedImage, diffIds: readonly string[], created: number): object {
  const time = new Date(created * 1000).toISOString().replace('.000Z', 'Z');
  const { architecture, variant, shell } = platform;
  return {
    created: time,
    ...(settings?.author !== undefined && { author: settings.author }),
    architecture,
    ...(variant !== undefined && { variant }),
    os: 'linux',
    config: settings?.config ?? usualConfig(shell),
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: layers.map(() => ({ created: time, created_by: 'image-factory layer export' })),
  };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
