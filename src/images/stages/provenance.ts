import { provenance as provenanceOf } from '../../contents/provenance.js';
import { programVersion } from '../../host/program-directory.js';
import { describeFile, writeDocument } from '../artifact.js';
import { left } from '../build.js';
import { materials } from '../materials.js';
import { mirrors, openOptions } from '../open-options.js';
import { descriptions } from '../published.js';
import type { Stage } from '../../engine/stage.js';

/** How the image came to be: of what, where, when. */
export const provenance: Stage = {
  name: 'provenance',
  title: 'Writing the provenance',
  neededFor: (spec) => spec.provenance,
  commands: () => [],
  async run(build) {
    const { spec, paths } = build;
    const described = descriptions({ ...spec, provenance: false }, paths);
    const document = provenanceOf({
      artifacts: [left(build, 'image'), ...(await Promise.all(described.map((path) => describeFile(build, path))))],
      ...(await materials(build)),
      mirrors: mirrors(spec),
      image: spec.name,
      options: openOptions(spec),
      builder: { id: spec.builderId, version: programVersion() },
      begun: left(build, 'begun'),
      finished: new Date().toISOString(),
    });
    await writeDocument(build, paths.provenance, document);
  },
  inputs: ({ spec }) => [spec.builderId, openOptions(spec), mirrors(spec)],
};
