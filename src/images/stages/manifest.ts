import { describeFile, writeDocument } from '../../artifacts/write.js';
import { bundledFiles } from '../../bundles/record.js';
import { manifest as manifestOf, type ManifestCheck } from '../../contents/manifest.js';
import { programVersion } from '../../host/program-directory.js';
import { programVersions } from '../../host/program-versions.js';
import { storedInventory } from '../inventory.js';
import type { GoldenResult } from '../../golden/check.js';
import { materials } from '../materials.js';
import { stage } from '../stage.js';

/** What is in the image and how it was built, for people and programs. */
export const manifest = stage({
  name: 'manifest',
  title: 'Writing the manifest',
  reads: ['inventory', 'image'],
  wants: ({ spec, paths, result }) =>
    spec.manifest
      ? {
          ...{ spec, file: paths.manifest, workDir: paths.workDir },
          format: result === 'tree' ? 'tar' : spec.format,
          beside: [...(spec.sbom === 'no' ? [] : [paths.sbom]), paths.checksum],
        }
      : undefined,
  async run(host, { spec, file, workDir, format, beside }, state) {
    const { inventory, disk } = await storedInventory(state.inventory);
    const { begun, timings, programs } = host.record;
    const document = manifestOf(inventory, {
      image: spec.name,
      file: { ...state.image, format },
      ...(disk === undefined ? {} : { disk }),
      artifacts: [
        ...(await Promise.all(beside.map((path) => describeFile(host, path)))),
        ...bundledFiles(state.bundles),
      ],
      bundles: (state.bundles ?? []).map(({ target, format, files, omitted }) => ({
        ...{ target, format, files: files.map(({ name }) => name) },
        ...(omitted === undefined ? {} : { omitted }),
      })),
      ...(await materials(host, spec, state)),
      ...(state.golden && { golden: recorded(state.golden) }),
      build: {
        tool: { name: 'image-factory', version: programVersion() },
        begun,
        stages: timings,
        programs: await programVersions(host, programs),
      },
    });
    await writeDocument(host, { workDir }, file, document);
  },
});

/** The manual has the reasons. */
function recorded({ rules, except, findings }: GoldenResult): ManifestCheck {
  const shown = findings.map(({ rule, level, path, detail }) => ({
    rule,
    level,
    path,
    ...(detail !== undefined && { detail }),
  }));
  return { rules, except, findings: shown };
}
