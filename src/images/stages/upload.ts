import { basename } from 'node:path';
import type { Destination } from '../../config/destination.js';
import { upload as uploadTo, uploadCommands } from '../../publish/upload.js';
import type { Plan } from '../build.js';
import { uploaded } from '../published.js';
import type { Stage } from '../../engine/stage.js';

/** Uploads the image, and what each destination asks for with it, and runs the post-upload commands. */
export const upload: Stage = {
  name: 'upload',
  title: 'Uploading',
  neededFor: ({ destinations }) => destinations.length > 0,
  commands: (plan) =>
    plan.spec.destinations.flatMap((destination) => uploadCommands(destination, files(plan, destination))),
  async run(build) {
    for (const destination of build.spec.destinations) await uploadTo(build, destination, files(build, destination));
  },
  inputs: ({ spec }) => [spec.destinations],
};

function files(plan: Plan, destination: Destination) {
  return { directory: plan.paths.outputDir, names: uploaded(plan, destination).map((file) => basename(file)) };
}
