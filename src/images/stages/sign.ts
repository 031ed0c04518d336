import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sumLine } from '../../artifacts/checksum.js';
import { descriptions } from '../../artifacts/published.js';
import { signatureOf, signedRoles } from '../../artifacts/table.js';
import { bundledFiles } from '../../bundles/record.js';
import { describeFile, writeArtifact } from '../../artifacts/write.js';
import { sign as signatureFor, signCommand } from '../../publish/signature.js';
import { wantedArtifacts } from '../build.js';
import { stage } from '../stage.js';

/** The sums of all artifacts, and signatures of them. */
export const sign = stage({
  name: 'sign',
  title: 'Signing',
  reads: ['image'],
  wants: ({ spec, paths }) =>
    spec.signing && {
      ...{ signing: spec.signing, sums: paths.sums, workDir: paths.workDir },
      described: [...descriptions(wantedArtifacts(spec)), 'checksum' as const].map((role) => paths[role]),
      signed: signedRoles.map((role) => paths[role]),
    },
  commands: ({ signing, signed }) => signed.map(() => signCommand(signing)),
  inputs: ({ signing }) => [signing],
  async run(host, { signing, sums, workDir, described, signed }, { image, bundles = [] }) {
    const artifacts = await Promise.all(described.map((file) => describeFile(host, file)));
    const lines = [image, ...bundledFiles(bundles), ...artifacts].map(({ sha256, name }) => sumLine(sha256, name));
    await writeArtifact(host, { workDir }, sums, lines.join(''));
    // Beside the checksum of the image, those of bundles.
    const sumsOfBundles = bundles.flatMap((bundle) =>
      bundle.files.map(({ name }) => join(dirname(sums), `${name}.sha256sum`)),
    );
    for (const file of [...signed, ...sumsOfBundles]) {
      const signature = await signatureFor(host, signing, await readFile(file, 'utf8'));
      await writeArtifact(host, { workDir }, signatureOf(file, signing.by), signature);
    }
  },
});
