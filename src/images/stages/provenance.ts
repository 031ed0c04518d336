import { readFile } from 'node:fs/promises';
import { descriptions } from '../../artifacts/published.js';
import { describeFile, writeDocument } from '../../artifacts/write.js';
import { bundledFiles } from '../../bundles/record.js';
import { provenance as provenanceOf } from '../../contents/provenance.js';
import { programVersion } from '../../host/program-directory.js';
import { wantedArtifacts } from '../build.js';
import { materials } from '../materials.js';
import { mirrors, recordedOptions } from '../recorded-options.js';
import { stage } from '../stage.js';

/** How the image came to be: of what, where, when. */
export const provenance = stage({
  name: 'provenance',
  title: 'Writing the provenance',
  reads: ['image'],
  wants: ({ spec, paths }) =>
    spec.provenance
      ? {
          ...{ spec, file: paths.provenance, workDir: paths.workDir },
          described: descriptions(wantedArtifacts(spec))
            .filter((role) => role !== 'provenance')
            .map((role) => paths[role]),
        }
      : undefined,
  inputs: ({ spec }) => [spec.builderId, recordedOptions(spec)],
  async run(host, { spec, file, workDir, described }, state) {
    const document = provenanceOf({
      artifacts: [
        state.image,
        ...bundledFiles(state.bundles),
        ...(await Promise.all(described.map((path) => describeFile(host, path)))),
      ],
      materials: await materials(host, spec, state),
      mirrors: state.answerFile === undefined ? [] : mirrors(spec, await readFile(state.answerFile, 'utf8')),
      image: spec.name,
      options: recordedOptions(spec),
      builder: { id: spec.builderId, version: programVersion() },
      begun: host.record.begun,
      finished: new Date().toISOString(),
    });
    await writeDocument(host, { workDir }, file, document);
  },
});
