import { existsSync } from 'node:fs';
import { UsageError } from '../host/failure.js';
import { differencesOf, type ComparedPackage, type PackageDifference } from '../packages/differences.js';
import { lockPath } from '../config/lock-path.js';
import { imageMeant } from '../packages/request.js';
import { loadConfiguration } from './configuration.js';
import { listOf, packagesOf } from './listed-image.js';
import { changeLines } from './lock.js';
import { columns, spokenSize } from './tables.js';

export interface DiffFlags {
  readonly config?: string;
  readonly json?: boolean;
}

/** Prints which packages differ between two locks, manifests, SBOMs or images. */
export function diff(a: string, b: string, flags: DiffFlags): void {
  const [before, after] = [packagesIn(a, flags), packagesIn(b, flags)];
  const changes = differencesOf(before, after);
  const sizes = { before: sizeOf(before), after: sizeOf(after) };
  if (flags.json) {
    console.log(JSON.stringify({ changes, bytes: sizes }, undefined, 2));
    return;
  }
  for (const line of changeLines(changes)) console.log(line);
  const vulnerable = changes.flatMap(sides);
  if (vulnerable.length > 0) {
    console.log('# for vulnerability databases: source package or package URL');
    for (const line of columns(vulnerable)) console.log(line);
  }
  console.log(`# ${changes.length} differ, of ${before.length} and ${after.length} packages${sizeText(sizes)}`);
}

/** By what databases of vulnerabilities know a package, on both sides. */
function sides({ name, before, after }: PackageDifference): string[][] {
  const known = (side: ComparedPackage | undefined) =>
    side === undefined ? '-' : (side.source ?? `${side.name} (${side.version})`);
  const [one, other] = [known(before), known(after)];
  return before?.source === undefined && after?.source === undefined ? [] : [['#', name, one, other]];
}

function sizeOf(packages: readonly ComparedPackage[]): number | undefined {
  return packages.every(({ size }) => size !== undefined)
    ? packages.reduce((sum, { size = 0 }) => sum + size, 0)
    : undefined;
}

function sizeText({ before, after }: { before: number | undefined; after: number | undefined }): string {
  if (before === undefined || after === undefined) return '';
  const change = after - before;
  return `, ${spokenSize(before)} and ${spokenSize(after)} (${change < 0 ? '-' : '+'}${spokenSize(Math.abs(change))})`;
}

/** @throws UsageError for what is neither a file that lists packages nor an image with a lock */
function packagesIn(name: string, flags: DiffFlags): readonly ComparedPackage[] {
  return packagesOf(name, listOf(name) ?? lockOf(name, flags));
}

function lockOf(name: string, { config }: DiffFlags): string {
  const configuration = loadConfiguration(config);
  const path = lockPath(configuration, imageMeant(configuration, name));
  if (!existsSync(path)) throw new UsageError([`${name} has no package lock: 'image-factory lock ${name}' makes it`]);
  return path;
}
