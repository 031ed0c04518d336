import type { Configuration, Section } from '../config/configuration.js';
import { distributionOf } from '../config/distribution.js';
import { answerFileKinds } from '../config/image-spec.js';
import { supportEnded } from '../config/end-of-life.js';
import { UsageError } from '../host/failure.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { flavorNames } from '../packages/flavors.js';
import { groupNames } from '../packages/groups.js';
import { noting } from '../packages/own-options.js';
import { flavoredName, flavorsOf } from '../packages/request.js';
import { assuranceOf, assurances, type Assurance } from './assurance.js';
import { loadConfiguration } from './configuration.js';

/** What has names; `images` are those of flavors as well: `web@xen`. */
export const namesOf = ['images', 'groups', 'flavors'] as const;

type NamesOf = (typeof namesOf)[number];

export interface ListFlags {
  readonly config?: string;
  /** Only names, and of what. */
  readonly names?: NamesOf | true;
  readonly json?: boolean;
}

/**
 * Prints the images, one a line, in columns: name, distribution, kind of answer file, what vouches for the installer, for
 * shipped ones whether they were installed for real, and when the support of the release has ended; or as JSON.
 */
export function list({ config, names, json }: ListFlags): void {
  const configuration = loadConfiguration(config);
  if (names !== undefined) {
    for (const name of named(configuration, names)) console.log(name);
    return;
  }
  const images = configuration.imageNames().map((name) => described(configuration, name));
  if (json) {
    console.log(JSON.stringify({ images }, undefined, 2));
    return;
  }
  const rows = images.map(({ name, distribution, answerFile, assurance, ships, installedForReal, endOfLife }) => [
    ...[name, distribution, answerFile, assurances[assurance]],
    ships ? (installedForReal ? 'tried' : 'not tried') : '',
    supportEnded(endOfLife) ? `support ended ${endOfLife}` : '',
  ]);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function named(configuration: Configuration, what: NamesOf | true): readonly string[] {
  if (what === 'groups') return groupNames(configuration);
  if (what === 'flavors') return flavorNames(configuration);
  const images = configuration.imageNames();
  if (what === true) return images;
  return images.flatMap((image) => {
    const flavors = noting([], () => flavorsOf(configuration, image)) ?? [];
    return [image, ...flavors.map((flavor) => flavoredName({ image, flavor }))];
  });
}

interface ListedImage {
  readonly name: string;
  readonly distribution: string;
  readonly answerFile: string;
  /** What vouches for kernel and initrd. */
  readonly assurance: Assurance;
  readonly ships: boolean;
  /** Of shipped images. */
  readonly installedForReal?: boolean;
  readonly endOfLife?: string;
}

function described(configuration: Configuration, name: string): ListedImage {
  const section = configuration.section(name);
  const ships = !configuration.isOwn(name);
  const endOfLife = value(section, 'end-of-life');
  return {
    name,
    distribution: value(section, 'distribution') ?? distributionOf(name),
    answerFile: answerFileKinds.find((kind) => value(section, kind)) ?? 'none',
    assurance: assurance(configuration, name),
    ships,
    ...(ships && { installedForReal: value(section, 'installed-for-real') !== undefined }),
    ...(endOfLife !== undefined && { endOfLife }),
  };
}

/** Unknown for a section that has mistakes, which `validate` tells. */
function assurance(configuration: Configuration, name: string): Assurance {
  try {
    return assuranceOf(resolveImage(configuration, name, {}, isoDate(new Date())));
  } catch (error) {
    if (error instanceof UsageError) return 'unknown';
    throw error;
  }
}

/** An option as text. One that can't be resolved is listed as written. */
function value({ name, document }: Section, option: string): string | undefined {
  try {
    return document.get(name, option) || undefined;
  } catch (error) {
    if (error instanceof UsageError) return document.raw(name, option)?.value;
    throw error;
  }
}
