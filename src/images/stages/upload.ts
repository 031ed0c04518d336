import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { imageAlone, published } from '../../artifacts/published.js';
import type { Destination } from '../../config/destination.js';
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
        })),
  commands: (uploads) => uploads.flatMap(({ destination, files }) => uploadCommands(destination, files)),
  inputs: (uploads) => uploads.map(({ destination }) => destination),
  async run(host, uploads, { image, uploaded: earlier = [] }) {
    const done = [...earlier];
    // A destination that is named twice is uploaded to twice.
    const before = [...earlier];
    for (const { destination, files } of uploads) {
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

/** Tells nothing of the destination, which may hold a password. */
function uploadId(destination: Destination, imageSum: string, names: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([destination, imageSum, names]))
    .digest('hex');
}
