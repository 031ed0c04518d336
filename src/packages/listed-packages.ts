import type { ComparedPackage } from './differences.js';
import { parseLock } from './lock-file.js';

/**
 * The packages that a file lists: a package lock, a manifest, or an SBOM in CycloneDX.
 *
 * @throws Error that says what it is not
 */
export function listedPackages(text: string, file: string): readonly ComparedPackage[] {
  const document = JSON.parse(text) as {
    format?: unknown;
    inputs?: unknown;
    schemaVersion?: unknown;
    packages?: readonly ComparedPackage[];
    bomFormat?: unknown;
    components?: readonly { name: string; version: string; purl?: string; type?: string }[];
  };
  if (document.format !== undefined && document.inputs !== undefined) return parseLock(text, file).packages;
  if (document.schemaVersion !== undefined && document.packages !== undefined) return document.packages;
  if (document.bomFormat === 'CycloneDX') {
    return (document.components ?? []).flatMap(({ name, version, purl = '' }) => {
      const architecture = /[?&]arch=([^&#]+)/.exec(purl)?.[1];
      return architecture === undefined ? [] : [{ name, version: version, architecture, source: purl }];
    });
  }
  throw new Error(`${file} is neither a package lock nor a manifest nor an SBOM in CycloneDX`);
}
