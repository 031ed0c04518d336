import { manifest as manifestOf } from '../../contents/manifest.js';
import { programVersion } from '../../host/program-directory.js';
import { programVersions } from '../../host/program-versions.js';
import { describeFile, writeDocument } from '../artifact.js';
import { left } from '../build.js';
import { storedInventory } from '../inventory.js';
import { materials } from '../materials.js';
import type { Stage } from '../../engine/stage.js';

/** What is in the image and how it was built, for people and programs. */
export const manifest: Stage = {
  name: 'manifest',
  title: 'Writing the manifest',
  neededFor: (spec) => spec.manifest,
  commands: () => [],
  async run(build) {
    const { spec, paths } = build;
    const { inventory, disk } = await storedInventory(build);
    const beside = [...(spec.sbom === 'no' ? [] : [paths.sbom]), paths.checksum];
    const document = manifestOf(inventory, {
      image: spec.name,
      file: { ...left(build, 'image'), format: spec.format },
      disk,
      artifacts: await Promise.all(beside.map((path) => describeFile(build, path))),
      installer: await materials(build),
      build: {
        tool: { name: 'image-factory', version: programVersion() },
        begun: left(build, 'begun'),
        stages: left(build, 'timings'),
        programs: await programVersions(build, left(build, 'programs')),
      },
    });
    await writeDocument(build, paths.manifest, document);
  },
  inputs: () => [],
};
