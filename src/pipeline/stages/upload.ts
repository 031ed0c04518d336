import { basename } from 'node:path';
import { upload as uploadTo, uploadCommands } from '../../publish/upload.js';
import type { Plan } from '../build.js';
import { published } from '../published.js';
import type { Stage } from '../stage.js';

/** Uploads the image and what describes and promises it to every destination, and runs its post-upload commands. */
export const upload: Stage = {
  name: 'upload',
  title: 'Uploading',
  neededFor: ({ destinations }) => destinations.length > 0,
  commands: (plan) => plan.spec.destinations.flatMap((destination) => uploadCommands(destination, files(plan))),
  async run(build) {
    for (const destination of build.spec.destinations) await uploadTo(build, destination, files(build));
  },
};

function files(plan: Plan) {
  return { directory: plan.paths.outputDir, names: published(plan).map((file) => basename(file)) };
}
