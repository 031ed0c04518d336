import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { readPackageLists, type PackageEntry } from './package-lists.js';

/** Packages to install and to remove by phase, each with the element whose package map renames it. */
export type SquashedPackages = Record<string, { install: [string, string][]; uninstall: [string, string][] }>;

/**
 * The lists of elements. diskimage-builder reads those of every directory in the path that has an element of the name,
 * hidden ones included.
 */
export function packageEntries(names: readonly string[], directories: readonly string[]): PackageEntry[] {
  return names.flatMap((name) =>
    directories
      .map((directory) => join(directory, name))
      .filter((directory) => existsSync(directory))
      .flatMap((directory) => readPackageLists(name, directory).entries),
  );
}

/**
 * What one build installs and removes, as diskimage-builder decides it. A plain installation elsewhere cancels a removal.
 *
 * @throws Failure if a condition asks for a variable that is not set
 */
export function squash(entries: readonly PackageEntry[], environment: NodeJS.ProcessEnv): SquashedPackages {
  const result: SquashedPackages = {};
  for (const entry of entries) {
    const { install, uninstall } = (result[entry.phase] ??= { install: [], uninstall: [] });
    let lists: [string, string][][] = [install];
    if (entry.uninstall || entry.buildOnly) {
      const isWanted = install.some(([name]) => name === entry.name);
      const isKept = uninstall.every(([name]) => name !== entry.name);
      if (isWanted && isKept && !entry.buildOnly) continue;
      if (!(isWanted && isKept)) lists = entry.buildOnly ? [install, uninstall] : [uninstall];
    } else {
      result[entry.phase]!.uninstall = uninstall.filter(([name]) => name !== entry.name);
      lists = [install];
    }
    if (!applies(entry, environment)) continue;
    for (const list of lists) list.push([entry.name, entry.element]);
  }
  return result;
}

function applies(entry: PackageEntry, environment: NodeJS.ProcessEnv): boolean {
  const { installType, arch, notArch, pythonVersion } = entry;
  const type =
    environment[`DIB_INSTALLTYPE_${entry.element.replaceAll('-', '_')}`] ??
    environment.DIB_DEFAULT_INSTALLTYPE ??
    'source';
  if (installType !== undefined && installType !== type) return false;
  // Blanks in the list are not taken away: diskimage-builder means to, and doesn't.
  const isHere = (list: string) => list.split(',').includes(environment.ARCH ?? '');
  if (arch ? !isHere(arch) : notArch ? isHere(notArch) : false) return false;
  if (pythonVersion && pythonVersion !== (environment.DIB_PYTHON_VERSION ?? '')) return false;
  return entry.when.every(({ variable, isEqual, value }) => {
    const set = environment[variable];
    if (set === undefined) {
      throw new Failure(
        `${entry.file}:${entry.line}: package '${entry.name}': when: the variable ${variable} is not set`,
        {
          hint: `Set ${variable}, or give it a default in a file of the element's environment.d.`,
        },
      );
    }
    return (set === value) === isEqual;
  });
}
