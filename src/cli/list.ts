import type { Configuration, Section } from '../config/configuration.js';
import { distributionOf } from '../config/distribution.js';
import { answerFileKinds, type ImageSpec, type Origin } from '../config/image-spec.js';
import { flavorNames } from '../config/flavored-name.js';
import { supportEnded } from '../config/end-of-life.js';
import { UsageError } from '../host/failure.js';
import { newestImage } from '../images/newest-image.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { groupNames } from '../packages/groups.js';
import { noting } from '../packages/own-options.js';
import { flavoredName, flavorsOf, imagesMeant, type FlavoredImage } from '../packages/request.js';
import { shownPath } from '../host/shown-path.js';
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
 * Prints the images, one a line, in columns: name, distribution, kind of answer file or what it is made of, what vouches for the installer, for
 * shipped ones whether they were installed for real, when the support of the release has ended, and the newest image that was
 * built; or as JSON. An image with flavors has a line for each of them.
 */
export function list({ config, names, json }: ListFlags): void {
  const configuration = loadConfiguration(config);
  if (names !== undefined) {
    for (const name of named(configuration, names)) console.log(name);
    return;
  }
  const images = configuration
    .imageNames()
    // One whose flavors are wrong is listed as such; `validate` tells of it.
    .flatMap((image) => noting([], () => imagesMeant(configuration, image)) ?? [{ image, flavor: undefined }])
    .map((image) => described(configuration, image));
  if (json) {
    console.log(JSON.stringify({ images }, undefined, 2));
    return;
  }
  const rows = images.map(({ name, distribution, assurance, ships, installedForReal, endOfLife, file, ...image }) => [
    ...[name, distribution, wayOf(image), assurances[assurance]],
    ships ? (installedForReal ? 'tried' : 'not tried') : '',
    supportEnded(endOfLife) ? `support ended ${endOfLife}` : '',
    file === undefined ? '' : shownPath(file),
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
  /** With its flavor: `web@xen`. */
  readonly name: string;
  readonly flavor?: string;
  readonly distribution: string;
  /** Undefined for a section that has mistakes. */
  readonly origin?: Origin['kind'];
  readonly answerFile: string;
  readonly parent?: string;
  /** What vouches for kernel and initrd. */
  readonly assurance: Assurance;
  readonly ships: boolean;
  /** Of shipped images. */
  readonly installedForReal?: boolean;
  readonly endOfLife?: string;
  /** The newest image that was built, in the output directory. Absolute. */
  readonly file?: string;
}

function described(configuration: Configuration, { image, flavor }: FlavoredImage): ListedImage {
  const section = configuration.section(image);
  const name = flavoredName({ image, flavor });
  const spec = specOf(configuration, name);
  const ships = !configuration.isOwn(image);
  const endOfLife = value(section, 'end-of-life');
  const file = spec && newestImage(spec.outputDir, name);
  return {
    name,
    ...(flavor !== undefined && { flavor }),
    distribution: value(section, 'distribution') ?? spec?.distribution ?? distributionOf(image),
    ...(spec && { origin: spec.origin.kind }),
    answerFile: answerFileKinds.find((kind) => value(section, kind)) ?? 'none',
    ...(spec?.origin.kind === 'derive' && { parent: spec.origin.parent }),
    assurance: spec === undefined ? 'unknown' : assuranceOf(spec),
    ships,
    ...(ships && { installedForReal: value(section, 'installed-for-real') !== undefined }),
    ...(endOfLife !== undefined && { endOfLife }),
    ...(file !== undefined && { file }),
  };
}

/** How an image comes about, in a word: its answer file, its parent, or its packages. */
function wayOf({ origin, answerFile, parent }: Pick<ListedImage, 'origin' | 'answerFile' | 'parent'>): string {
  if (origin === 'derive') return `parent ${parent}`;
  return origin === 'bootstrap' ? 'packages' : answerFile;
}

/** Undefined for a section that has mistakes, which `validate` tells; those of its flavors say nothing about the image itself. */
function specOf(configuration: Configuration, name: string): ImageSpec | undefined {
  return noting([], () => resolveImage(configuration, name, { flavors: '' }, isoDate(new Date())));
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
