import { cycloneDx } from '../../contents/cyclonedx.js';
import { programVersion } from '../../host/program-directory.js';
import { writeDocument } from '../artifact.js';
import { left } from '../build.js';
import { storedInventory } from '../inventory.js';
import type { Stage } from '../../engine/stage.js';

/** The software bill of materials. */
export const sbom: Stage = {
  name: 'sbom',
  title: 'Writing the bill of materials',
  neededFor: (spec) => spec.sbom !== 'no',
  commands: () => [],
  async run(build) {
    const { inventory } = await storedInventory(build);
    const document = cycloneDx({
      name: build.spec.name,
      image: left(build, 'image'),
      inventory,
      toolVersion: programVersion(),
      time: new Date(build.sourceDate ?? left(build, 'begun')),
    });
    await writeDocument(build, build.paths.sbom, document);
  },
  inputs: () => [],
};
