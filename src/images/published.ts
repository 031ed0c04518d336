import type { Destination } from '../config/destination.js';
import type { ImageSpec } from '../config/image-spec.js';
import { signatureOf } from '../publish/signature.js';
import type { BuildPaths, Plan } from './build.js';

/** The paths of what a build publishes, the image first; sums and signatures come last: they promise all the rest. */
export function published({ spec, paths }: Plan): string[] {
  return [paths.image, ...descriptions(spec, paths), paths.checksum, ...promises(spec, paths)];
}

/** What of it goes to a destination. */
export function uploaded(plan: Plan, { artifacts }: Destination): string[] {
  const all = artifacts === undefined ? plan.spec.signing !== undefined : artifacts === 'all';
  return all ? published(plan) : [plan.paths.image, plan.paths.checksum];
}

/** What describes the image. */
export function descriptions(spec: ImageSpec, paths: BuildPaths): string[] {
  return [
    ...(spec.sbom === 'no' ? [] : [paths.sbom]),
    ...(spec.manifest ? [paths.manifest] : []),
    ...(spec.provenance ? [paths.provenance] : []),
  ];
}

/** The files that are signed: enough for who fetches only the image and its checksum, and for who fetches all. */
export function signedFiles(paths: BuildPaths): string[] {
  return [paths.checksum, paths.sums];
}

function promises({ signing }: ImageSpec, paths: BuildPaths): string[] {
  if (signing === undefined) return [];
  return [paths.sums, ...signedFiles(paths).map((file) => signatureOf(file, signing.by))];
}

/** Everything that may lie beside an earlier image of the same name and speak of it, whatever that build was asked for. */
export function companions(paths: BuildPaths): string[] {
  const signatures = signedFiles(paths).flatMap((file) => [signatureOf(file, 'gpg'), signatureOf(file, 'ssh')]);
  return [...signatures, paths.sums, paths.provenance, paths.manifest, paths.sbom, paths.checksum];
}
