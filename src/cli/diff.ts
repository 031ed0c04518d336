import { existsSync } from 'node:fs';
import { UsageError } from '../host/failure.js';
import { shownPath } from '../host/shown-path.js';
import { differencesOf, type ComparedPackage, type PackageDifference } from '../packages/differences.js';
import { lockPath } from '../config/lock-path.js';
import { noting } from '../packages/own-options.js';
import { flavoredName, imageMeant } from '../packages/request.js';
import { filesOf } from './built-images.js';
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

/** @throws UsageError for what is neither a file that lists packages nor an image with a lock, or one that was built */
function packagesIn(name: string, flags: DiffFlags): readonly ComparedPackage[] {
  return packagesOf(name, listOf(name) ?? listOfImage(name, flags));
}

/** The package lock of an image; where it has none, what lists the packages of the newest one that was built. */
function listOfImage(name: string, { config }: DiffFlags): string {
  const configuration = loadConfiguration(config);
  const image = imageMeant(configuration, name);
  const lock = lockPath(configuration, image);
  if (existsSync(lock)) return lock;
  const wanted = `${name} has no package lock (${shownPath(lock)})`;
  const problems: string[] = [];
  const [newest] = noting(problems, () => filesOf([flavoredName(image)], config === undefined ? {} : { config })) ?? [];
  if (newest === undefined) throw new UsageError(problems.map((problem) => `${wanted}, and ${problem}`));
  const list = listOf(newest.file);
  if (list === undefined) throw new UsageError([`${wanted}, and ${newest.file} has no manifest beside it`]);
  return list;
}
