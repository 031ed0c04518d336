import { installOrigin } from '../../config/image-spec.js';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderAnswerFile } from '../../answers/answer-file.js';
import { filesDigest, filesSize, filesVolumeCommand, makeFilesVolume } from '../../answers/files-volume.js';
import { injectedName } from '../../answers/injected-name.js';
import { secretsIn } from '../../answers/secrets.js';
import { makeSeedVolume, readsSeedVolume, seedVolumeCommand } from '../../answers/seed-volume.js';
import { makeDirectory } from '../../host/make-directory.js';
import { answerFileSource } from '../answer-file-source.js';
import { stage } from '../stage.js';

/** Answer file, state, inventory, documents, logs: in bytes, and plenty. */
const smallFiles = 16 * 2 ** 20;

/** The answer file, as the installer will read it, where it will look for it, and what it copies into the system. */
export const render = stage({
  name: 'render',
  title: 'Rendering the answer file',
  leaves: ['answerFile'],
  wants: ({ spec, paths }) => ({
    spec,
    directory: join(paths.workDir, 'answer-file'),
    outputDir: paths.outputDir,
    seed: readsSeedVolume(installOrigin(spec).answerFile.kind)
      ? {
          kind: installOrigin(spec).answerFile.kind,
          volume: paths.seedVolume,
          scratchDirectory: join(paths.workDir, 'seed'),
        }
      : undefined,
    files: spec.files.length === 0 ? undefined : { directories: spec.files, volume: paths.filesVolume },
    diskDir: paths.diskDir,
  }),
  commands: ({ seed, files }) => [
    ...(seed ? [seedVolumeCommand(seed)] : []),
    ...(files ? [filesVolumeCommand(files.directories, files.volume)] : []),
  ],
  space: async ({ outputDir, diskDir, files }) => {
    const size = files ? await filesSize(files.directories) : 0;
    return [
      { what: 'documents and logs', directory: outputDir, least: smallFiles, most: smallFiles },
      ...(files ? [{ what: 'files to copy in', directory: diskDir, least: size, most: size }] : []),
    ];
  },
  inputs: async ({ spec, files }, state) => [
    await renderAnswerFile(answerFileSource(spec, state)),
    ...(files ? [await filesDigest(files.directories)] : []),
  ],
  async run(host, { spec, directory, seed, files }, state) {
    const { content } = await renderAnswerFile(answerFileSource(spec, state));
    // The command before the build may have changed it.
    host.secrets.learn(secretsIn(content.toString()));
    makeDirectory(directory);
    const { kind, path } = installOrigin(spec).answerFile;
    const answerFile = join(directory, injectedName(kind, path));
    // It may hold password hashes.
    await writeFile(answerFile, content, { mode: 0o600 });
    if (seed) await makeSeedVolume(host, answerFile, seed);
    if (files) await makeFilesVolume(host, files.directories, files.volume);
    return { answerFile };
  },
});
