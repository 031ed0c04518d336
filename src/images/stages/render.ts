import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answerFileSource } from '../answer-file-source.js';
import { renderAnswerFile } from '../../answers/answer-file.js';
import { secretsIn } from '../../answers/secrets.js';
import { makeSeedVolume, readsSeedVolume, seedVolumeCommand, type SeedVolume } from '../../answers/seed-volume.js';
import type { Plan } from '../build.js';
import { always, type Stage } from '../../engine/stage.js';

/** The answer file, as the installer will read it, and where it will look for it. */
export const render: Stage = {
  name: 'render',
  title: 'Rendering the answer file',
  neededFor: always,
  commands: (plan) => (readsSeedVolume(plan.spec.origin.answerFile.kind) ? [seedVolumeCommand(seedVolume(plan))] : []),
  async run(build) {
    const { name, content } = await renderAnswerFile(answerFileSource(build.spec, build.state.guestHost));
    // The command before the build may have changed it.
    build.secrets.learn(secretsIn(content.toString()));
    const directory = join(build.paths.workDir, 'answer-file');
    await mkdir(directory, { recursive: true });
    build.state.answerFile = join(directory, name);
    // It may hold password hashes.
    await writeFile(build.state.answerFile, content, { mode: 0o600 });
    if (readsSeedVolume(build.spec.origin.answerFile.kind)) {
      await makeSeedVolume(build, build.state.answerFile, seedVolume(build));
    }
  },
  inputs: ({ spec, state }) => renderAnswerFile(answerFileSource(spec, state.guestHost)),
};

function seedVolume({ spec, paths }: Plan): SeedVolume {
  return { kind: spec.origin.answerFile.kind, volume: paths.seedVolume, scratchDirectory: join(paths.workDir, 'seed') };
}
