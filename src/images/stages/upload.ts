import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { imageAlone, published } from '../../artifacts/published.js';
import { signatureOf, type SignatureKind } from '../../artifacts/table.js';
import { filesOfBundles, type BundleRecord } from '../../bundles/record.js';
import type { Destination } from '../../config/destination.js';
import type { ContainerImage } from '../../publish/upload-files.js';
import { upload as uploadTo, uploadCommands } from '../../publish/upload.js';
import { wantedArtifacts, type Plan } from '../build.js';
import { stage } from '../stage.js';

/**
 * Uploads the image, and what each destination asks for with it, and runs the post-upload commands. A destination that
 * is done is not done again when the build resumes.
 */
export const upload = stage({
  name: 'upload',
  title: 'Uploading',
  reads: ['image'],
  wants: (plan) =>
    plan.spec.destinations.length === 0
      ? undefined
      : plan.spec.destinations.map((destination) => ({
          destination,
          files: { directory: plan.paths.outputDir, names: uploaded(plan, destination).map((file) => basename(file)) },
          signing: plan.spec.signing?.by,
          list: basename(plan.paths.bundles),
        })),
  commands: (uploads) => uploads.flatMap(({ destination, files }) => uploadCommands(destination, files)),
  inputs: (uploads) => uploads.map(({ destination }) => destination),
  async run(host, uploads, { image, bundles = [], uploaded: earlier = [] }) {
    const done = [...earlier];
    // A destination that is named twice is uploaded to twice.
    const before = [...earlier];
    for (const { destination, files: own, signing, list } of uploads) {
      const containers = containersOf(bundles);
      const files = { ...own, names: withBundles(own.names, bundles, { signing, list }), containers };
      const id = uploadId(destination, image.sha256, files.names);
      if (before.includes(id)) {
        before.splice(before.indexOf(id), 1);
        host.log.info(`Already uploaded to ${destination.name}`);
        continue;
      }
      await uploadTo(host, destination, files);
      done.push(id);
      await host.checkpoint({ uploaded: done });
    }
  },
});

/** What of the published files goes to a destination. */
export function uploaded({ spec, paths }: Pick<Plan, 'spec' | 'paths'>, { artifacts }: Destination): string[] {
  const all = artifacts === undefined ? spec.signing !== undefined : artifacts === 'all';
  return all ? published(paths, wantedArtifacts(spec)) : imageAlone(paths);
}

/**
 * The image and its bundles, each with what vouches for it. A directory is nothing that all destinations take.
 *
 * @param names the image first
 */
function withBundles(
  [image = '', ...rest]: readonly string[],
  bundles: readonly BundleRecord[],
  { signing, list }: { readonly signing: SignatureKind | undefined; readonly list: string },
): string[] {
  const of = (name: string) =>
    name.endsWith('.sha256sum') && signing !== undefined ? [name, signatureOf(name, signing)] : [name];
  return [image, ...(bundles.length > 0 ? [...filesOfBundles(bundles).flatMap(of), list] : []), ...rest];
}

/** The container images among bundles: those of OCI first, which keep compressed layers as they are. */
function containersOf(bundles: readonly BundleRecord[]): ContainerImage[] {
  return bundles
    .filter(({ format }) => format === 'oci' || format === 'docker')
    .toSorted((one, other) => (one.format === other.format ? 0 : one.format === 'oci' ? -1 : 1))
    .flatMap(({ format, files: [file] }) => {
      if (file === undefined) return [];
      const transport = format === 'docker' ? 'docker-archive' : file.isDirectory ? 'oci' : 'oci-archive';
      return [{ file: file.name, transport }];
    });
}

/** Tells nothing of the destination, which may hold a password. */
function uploadId(destination: Destination, imageSum: string, names: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([destination, imageSum, names]))
    .digest('hex');
}
