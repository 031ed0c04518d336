import type { Configuration } from '../config/configuration.js';
import { overridesOfParents } from '../config/derive-origin.js';
import { isImage, splitName } from '../config/flavored-name.js';
import type { Overrides } from '../config/overrides.js';
import { parentNames } from '../config/parent-names.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { Turns } from '../host/turns.js';
import { isBuilt } from '../images/is-built.js';
import { validateImage, type Validation, type ValidationFinding, type ValidationSettings } from './validate.js';

/** Each validation keeps a processor busy. */
const imagesAtOnce = 4;

interface Wanted {
  readonly image: string;
  readonly overrides: Overrides;
  /** Whether the user named it, or a build of an image of the user's needs it. */
  readonly isMeant: boolean;
}

/** The images to validate; `unasked`: the user named none, so these are all. */
export interface ImagesToValidate extends Omit<ValidationSettings, 'overrides'> {
  readonly images: readonly string[];
  readonly overrides: Overrides;
}

/**
 * Validates images, and before them those that a build of them would make first. What several of them say of the same line is
 * told once, by the image whose section it is.
 */
export async function validateImages(
  host: Caller,
  configuration: Configuration,
  { images, overrides, unasked = false, ...settings }: ImagesToValidate,
): Promise<Validation[]> {
  const isMeant = (image: string) => !unasked || configuration.isOwn(image);
  const named = images.map((image): Wanted => ({ image, overrides, isMeant: isMeant(image) }));
  const all = await withAncestors(host, configuration, named);
  const turns = new Turns(imagesAtOnce);
  const validations = await Promise.all(
    all.map(({ image, overrides: own, isMeant: meant }) =>
      turns.take(() => validateImage(host, configuration, image, { ...settings, overrides: own, unasked: !meant })),
    ),
  );
  return toldOnce(configuration, validations);
}

async function withAncestors(host: Caller, configuration: Configuration, named: readonly Wanted[]): Promise<Wanted[]> {
  const all = new Map<string, Wanted>();
  const names = new Map(named.map((wanted) => [wanted.image, wanted]));
  for (const { image, overrides, isMeant } of named) {
    const line = parentNames(configuration, image, overrides).filter((name) => isImage(configuration, name));
    for (const ancestor of isMeant ? line.reverse() : []) {
      const known = names.get(ancestor) ?? all.get(ancestor);
      if (known?.isMeant || ancestor === image) continue;
      const wanted = { image: ancestor, overrides: known?.overrides ?? overridesOfParents(overrides), isMeant: true };
      if (await isBuiltAsItIs(host, configuration, wanted)) continue;
      if (names.has(ancestor)) names.set(ancestor, wanted);
      else all.set(ancestor, wanted);
    }
    all.set(image, names.get(image) as Wanted);
  }
  return [...all.values()].map((wanted) => names.get(wanted.image) ?? wanted);
}

/** False for a section with mistakes, which are to be told. */
async function isBuiltAsItIs(
  host: Caller,
  configuration: Configuration,
  { image, overrides }: Wanted,
): Promise<boolean> {
  try {
    return await isBuilt(host, resolveImage(configuration, image, overrides, isoDate(new Date())));
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/**
 * What a child says of its parent's section, the parent says itself, in the first of its flavors; what images say of a group
 * or a user, the first of them.
 */
function toldOnce(configuration: Configuration, validations: readonly Validation[]): Validation[] {
  const tellers = new Map<string, string>();
  for (const { image, findings } of validations) {
    const { image: section } = splitName(configuration, image);
    for (const finding of findings) {
      const owner = ownerOf(finding);
      if (owner !== section && !/^(?:group|user) /.test(owner ?? '')) continue;
      if (!tellers.has(keyOf(finding))) tellers.set(keyOf(finding), image);
    }
  }
  return validations.map((validation) => ({
    ...validation,
    findings: validation.findings.filter(
      (finding) => (tellers.get(keyOf(finding)) ?? validation.image) === validation.image,
    ),
  }));
}

/** The section that a finding is about, which may be that of another image. */
function ownerOf({ message }: ValidationFinding): string | undefined {
  return /^\[([^\]]+)\]/.exec(message)?.[1];
}

function keyOf({ file, line, message }: ValidationFinding): string {
  return JSON.stringify([file, line, message]);
}
