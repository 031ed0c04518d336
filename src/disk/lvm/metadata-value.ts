import { Failure } from '../../host/failure.js';
import type { MetadataSection, MetadataValue } from './metadata-text.js';

/** The sections in a section, by name. */
export function sectionsIn(section: MetadataSection): Record<string, MetadataSection> {
  return Object.fromEntries(
    Object.entries(section).filter((entry): entry is [string, MetadataSection] => isSection(entry[1])),
  );
}

export function sectionAt(section: MetadataSection, name: string, otherwise?: MetadataSection): MetadataSection {
  const found = section[name] ?? otherwise;
  return isSection(found) ? found : missing(name, 'a section');
}

/** A number that counts something: never negative. */
export function numberAt(section: MetadataSection, name: string): number {
  const found = section[name];
  return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? found : missing(name, 'a number');
}

export function textAt(section: MetadataSection, name: string): string {
  const found = section[name];
  return typeof found === 'string' ? found : missing(name, 'a text');
}

/** A list of texts; one text counts as a list. */
export function textsAt(section: MetadataSection, name: string): readonly string[] {
  const found = section[name];
  if (typeof found === 'string') return [found];
  return Array.isArray(found) ? (found as readonly unknown[]).map(String) : missing(name, 'a list');
}

function isSection(value: MetadataValue | undefined): value is MetadataSection {
  return typeof value === 'object' && !Array.isArray(value);
}

function missing(name: string, what: string): never {
  throw new Failure(`the metadata of LVM has no '${name}' that is ${what}`);
}
