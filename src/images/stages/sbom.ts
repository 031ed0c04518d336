import { writeDocument } from '../../artifacts/write.js';
import { cycloneDx } from '../../contents/cyclonedx.js';
import { programVersion } from '../../host/program-directory.js';
import { storedInventory } from '../inventory.js';
import { stage } from '../stage.js';

/** The software bill of materials. */
export const sbom = stage({
  name: 'sbom',
  title: 'Writing the bill of materials',
  reads: ['inventory', 'image'],
  wants: ({ spec, paths, sourceDate }) =>
    spec.sbom === 'no' ? undefined : { name: spec.name, file: paths.sbom, workDir: paths.workDir, sourceDate },
  async run(host, want, state) {
    const { inventory } = await storedInventory(state.inventory);
    const document = cycloneDx({
      name: want.name,
      image: state.image,
      inventory,
      toolVersion: programVersion(),
      time: new Date(want.sourceDate ?? host.record.begun),
    });
    await writeDocument(host, want, want.file, document);
  },
});
