import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { nearestWord } from '../../config/suggestion.js';
import { Failure } from '../../host/failure.js';
import { settingsOf, type ImageSettings } from '../image-settings.js';
import { goArchitectureHere } from '../go-architecture.js';
import type { LayerArchive } from './archive-layer.js';
import type { Blobs } from './blobs.js';

// The formats are those of the OCI image specification 1.1 (image-layout.md, manifest.md, config.md, layer.md), and of
// `docker save`: https://github.com/moby/moby/blob/v24.0.0/image/spec/spec.md

/** What an image's index, manifest or list of layers refers to. */
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly platform?: { readonly architecture: string; readonly os: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const refName = 'org.opencontainers.image.ref.name';

/** An image, of which only the documents were read. */
export interface ReadImage {
  /** The lowest first. */
  readonly layers: readonly LayerArchive[];
  readonly settings: ImageSettings | undefined;
}

/** The members of an image's configuration that are read here. */
interface ImageConfiguration {
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
}

/**
 * Reads the documents of an image.
 *
 * @param reference the name of the image, where there are several
 * @throws Failure if it is no image, or there are several and none was named
 */
export async function readImage(blobs: Blobs, reference?: string): Promise<ReadImage> {
  if (blobs.has('index.json')) return readLayout(blobs, reference);
  if (blobs.has('manifest.json')) return readDockerArchive(blobs, reference);
  throw new Failure(`${blobs.what}: neither index.json of an OCI image nor manifest.json of docker is in it`);
}

async function readLayout(blobs: Blobs, reference: string | undefined): Promise<ReadImage> {
  const index = parse<{ manifests?: Descriptor[] }>(blobs, 'index.json', await blobs.document('index.json'));
  const named = choose(blobs, reference, index.manifests ?? [], (each) => names(each.annotations?.[refName]));
  const descriptor = await forThisMachine(blobs, named);
  const manifest = await document<{ layers?: Descriptor[]; config?: Descriptor }>(blobs, descriptor.digest);
  if (manifest.layers === undefined || manifest.config === undefined) {
    throw new Failure(
      `${blobs.what}: ${descriptor.digest} is not the manifest of an image: it is ${descriptor.mediaType}`,
    );
  }
  const config = await document<ImageConfiguration>(blobs, manifest.config.digest);
  const diffIds = config.rootfs?.diff_ids ?? [];
  if (diffIds.length !== manifest.layers.length) {
    throw new Failure(
      `${blobs.what}: its manifest has ${manifest.layers.length} layers, its configuration ${diffIds.length}`,
    );
  }
  const layers = manifest.layers.map(({ digest, mediaType }, at) => {
    if (!/\.layer(?:\.nondistributable)?(?:\.v1|\.diff|\.foreign\.diff)?\.tar(?:[.+](?:gzip|zstd))?$/.test(mediaType)) {
      throw new Failure(`${blobs.what}: layer ${at + 1} is of a type that is not known: ${mediaType}`);
    }
    const [sum, path] = [hexOf(blobs, digest), blobPath(blobs, digest)];
    return {
      what: `layer ${at + 1} of ${posix.basename(blobs.what)}`,
      open: () => blobs.open(path),
      digest: sum,
      diffId: hexOf(blobs, diffIds[at] ?? ''),
    };
  });
  return { layers, settings: settingsOf(config, manifest) };
}

/** An index may lead to another one, with a manifest for each platform. */
async function forThisMachine(blobs: Blobs, descriptor: Descriptor, depth = 0): Promise<Descriptor> {
  if (!/\.(?:image\.index\.v1|manifest\.list\.v2)\+json$/.test(descriptor.mediaType)) return descriptor;
  if (depth > 3) throw new Failure(`${blobs.what}: its indexes lead to each other`);
  const { manifests = [] } = await document<{ manifests?: Descriptor[] }>(blobs, descriptor.digest);
  const systems = manifests.filter(({ platform }) => platform?.os !== 'unknown');
  const fitting =
    systems.length === 1 ? systems : systems.filter(({ platform }) => platform?.architecture === goArchitectureHere);
  const [chosen] = fitting;
  if (chosen !== undefined) return forThisMachine(blobs, chosen, depth + 1);
  const there = systems.map(({ platform }) => platform?.architecture).join(', ');
  throw new Failure(`${blobs.what}: it has no image for ${goArchitectureHere}, but for: ${there}`);
}

async function readDockerArchive(blobs: Blobs, reference: string | undefined): Promise<ReadImage> {
  type Image = { Config: string; RepoTags?: string[] | null; Layers: string[] };
  const images = parse<Image[]>(blobs, 'manifest.json', await blobs.document('manifest.json'));
  if (!Array.isArray(images)) throw new Failure(`${blobs.what}: manifest.json is not a list of images`);
  const { Config, Layers } = choose(blobs, reference, images, ({ RepoTags }) => RepoTags ?? []);
  const configuration = await blobs.document(posix.normalize(Config));
  const config = parse<ImageConfiguration>(blobs, Config, configuration);
  const diffIds = config.rootfs?.diff_ids ?? [];
  if (diffIds.length !== Layers.length) {
    throw new Failure(`${blobs.what}: its manifest has ${Layers.length} layers, its configuration ${diffIds.length}`);
  }
  const layers = Layers.map((path, at) => ({
    what: `layer ${at + 1} of ${posix.basename(blobs.what)}`,
    open: () => blobs.open(posix.normalize(path)),
    diffId: hexOf(blobs, diffIds[at] ?? ''),
  }));
  return { layers, settings: settingsOf(config) };
}

const names = (name: string | undefined) => (name === undefined ? [] : [name]);

/** The image of a name; the only one, if none is given. */
function choose<T>(
  blobs: Blobs,
  reference: string | undefined,
  images: readonly T[],
  namesOf: (image: T) => string[],
): T {
  const all = images.flatMap(namesOf);
  const fitting = reference === undefined ? images : images.filter((image) => namesOf(image).includes(reference));
  const [chosen, ...others] = fitting;
  if (chosen !== undefined && others.length === 0) return chosen;
  if (images.length === 0) throw new Failure(`${blobs.what}: there is no image in it`);
  const list = all.length === 0 ? `${images.length} without names` : all.join(', ');
  if (reference === undefined) {
    throw new Failure(`${blobs.what}: there are several images in it: ${list}`, {
      hint: `Name one: ${blobs.what}:${all[0] ?? 'NAME'}`,
    });
  }
  const nearest = nearestWord(reference, all);
  throw new Failure(`${blobs.what}: there is no image '${reference}' in it, but: ${list}`, {
    hint: nearest === undefined ? undefined : `Did you mean '${nearest}'?`,
  });
}

function hexOf(blobs: Blobs, digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw new Failure(`${blobs.what}: ${JSON.stringify(digest)} is no SHA-256 digest`);
  return hex;
}

function blobPath(blobs: Blobs, digest: string): string {
  return `blobs/sha256/${hexOf(blobs, digest)}`;
}

/** A JSON blob, checked against its digest. */
async function document<T>(blobs: Blobs, digest: string): Promise<T> {
  const path = blobPath(blobs, digest);
  const content = await blobs.document(path);
  const found = createHash('sha256').update(content).digest('hex');
  if (found !== hexOf(blobs, digest)) throw new Failure(`${blobs.what}: ${path} is damaged: its SHA-256 is ${found}`);
  return parse<T>(blobs, path, content);
}

function parse<T>(blobs: Blobs, path: string, content: Buffer): T {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as T;
  } catch {
    // Told below.
  }
  throw new Failure(`${blobs.what}: ${path} is not JSON`);
}
