import { readFile } from 'node:fs/promises';
import { sumLine } from '../../publish/checksum.js';
import { sign as signatureFor, signatureOf, signCommand } from '../../publish/signature.js';
import { describeFile, writeArtifact } from '../artifact.js';
import { left, type Build } from '../build.js';
import { descriptions, signedFiles } from '../published.js';
import type { Stage } from '../../engine/stage.js';

/** The sums of all artifacts, and signatures of them. */
export const sign: Stage = {
  name: 'sign',
  title: 'Signing',
  neededFor: ({ signing }) => signing !== undefined,
  commands: ({ spec, paths }) => (spec.signing ? signedFiles(paths).map(() => signCommand(spec.signing!)) : []),
  async run(build) {
    const { signing } = build.spec;
    if (signing === undefined) return;
    await writeArtifact(build, build.paths.sums, await sums(build));
    for (const file of signedFiles(build.paths)) {
      const signature = await signatureFor(build, signing, await readFile(file, 'utf8'));
      await writeArtifact(build, signatureOf(file, signing.by), signature);
    }
  },
  inputs: ({ spec }) => [spec.signing],
};

async function sums(build: Build): Promise<string> {
  const { spec, paths } = build;
  const others = [...descriptions(spec, paths), paths.checksum];
  const artifacts = await Promise.all(others.map((file) => describeFile(build, file)));
  return [left(build, 'image'), ...artifacts].map(({ sha256, name }) => sumLine(sha256, name)).join('');
}
