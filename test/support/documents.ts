import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { programDirectory } from '../../src/host/program-directory.js';

/** What is wrong with a manifest by its committed schema; undefined if nothing is. */
export function manifestErrors(manifest: unknown): unknown {
  const ajv = new Ajv({ allErrors: true });
  addFormats.default(ajv);
  const schema = JSON.parse(readFileSync(join(programDirectory, 'docs/manifest.schema.json'), 'utf8')) as object;
  return ajv.validate(schema, manifest) ? undefined : ajv.errors;
}

/** What is wrong with an SBOM by the official schema of CycloneDX 1.6; null if nothing is. */
export async function cycloneDxErrors(sbom: object): Promise<unknown> {
  return new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(JSON.stringify(sbom));
}

/** What stands in the spec of a small rpm package. */
export interface TestRpm {
  readonly name: string;
  readonly version: string;
  readonly epoch?: number;
}

/** Makes a directory with an rpm database of packages that are really built and installed (but no files of theirs). */
export function makeRpmDatabase(directory: string, packages: readonly TestRpm[], backend = 'sqlite'): void {
  const database = ['--dbpath', directory, '--define', `_db_backend ${backend}`];
  const work = `${directory}.work`;
  mkdirSync(directory, { recursive: true });
  mkdirSync(work, { recursive: true });
  const run = (file: string, args: readonly string[]) => execFileSync(file, args, { stdio: 'pipe', encoding: 'utf8' });
  run('rpmdb', [...database, '--initdb']);
  for (const { name, version, epoch } of packages) {
    const spec = join(work, `${name}.spec`);
    writeFileSync(
      spec,
      `Name: ${name}\nVersion: ${version}\nRelease: 1.demo\n${epoch === undefined ? '' : `Epoch: ${epoch}\n`}Summary: ${name}\nLicense: ISC\nBuildArch: noarch\n%description\n%files\n`,
    );
    run('rpmbuild', ['-bb', '--quiet', '--define', `_topdir ${work}`, spec]);
    const file = join(work, 'RPMS/noarch', `${name}-${version}-1.demo.noarch.rpm`);
    run('rpm', [...database, '--install', '--justdb', '--nodeps', '--noscripts', file]);
  }
}
