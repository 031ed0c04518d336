import { relative } from 'node:path';
import { readSource } from '../config/configuration-files.js';
import type { ImageSpec } from '../config/image-spec.js';
import { reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import type { LayoutDocument } from './document.js';
import type { LayoutFinding } from './finding.js';
import type { Layout } from './layout.js';
import { shownSize } from './size.js';
import { withSystemOptions } from './system-options.js';

type Subject = Pick<ImageSpec, 'name' | 'layout' | 'imageSize' | 'places' | 'description' | 'variables'>;

/** A layout, and what is to say of it, each with file and line. */
export interface CheckedLayout {
  /** Whole only where there are no errors. */
  readonly layout: Layout;
  /** Why no image can be made by it: `my.yaml:3: [web] layout: …` */
  readonly errors: readonly string[];
  /** What has no effect. */
  readonly warnings: readonly string[];
  /** For messages. */
  readonly file: string;
  /** The line of a disk, partition, volume or file system, by its name. */
  readonly lineOf: (name: string) => number | undefined;
}

/**
 * The layout of an image's disk. Undefined if the section names none.
 *
 * @throws UsageError with everything because of which no image can be made by it
 */
export async function imageLayout(spec: Subject): Promise<Layout | undefined> {
  const checked = await checkImageLayout(spec);
  if (checked !== undefined && checked.errors.length > 0) throw new UsageError(checked.errors);
  return checked?.layout;
}

/** @throws UsageError if its file can't be read */
export async function checkImageLayout(spec: Subject): Promise<CheckedLayout | undefined> {
  if (spec.layout === undefined) return undefined;
  const file = shownFile(spec.layout.file);
  // What reads YAML takes long to load, and most sections name no layout.
  const [{ parseLayout }, { planLayout }] = await Promise.all([import('./parse.js'), import('./plan.js')]);
  const written = parseLayout(read(spec, spec.layout), file);
  const { document, errors } = withSystemOptions(written, spec);
  const { layout, findings } = planLayout(document, { imageSize: spec.imageSize });
  const told = ({ line, message }: Pick<LayoutFinding, 'line' | 'message'>) =>
    `${file}:${line ?? 1}: [${spec.name}] layout: ${message}`;
  const isWarning = ({ weight }: LayoutFinding) => weight === 'warning';
  return {
    layout,
    errors: [
      ...[
        ...findings.filter((finding) => !isWarning(finding)),
        ...unfitDisks(document, spec.imageSize),
        ...thinVolumes(document),
      ].map(told),
      ...errors,
    ],
    warnings: findings.filter(isWarning).map(told),
    file,
    lineOf: (name) => named(document).find((one) => one.name === name)?.line,
  };
}

function named({ disks, volumeGroups, fileSystems }: LayoutDocument): { name: string; line: number }[] {
  const partitions = disks.flatMap(({ table }) => table?.partitions ?? []);
  return [...disks, ...partitions, ...volumeGroups, ...volumeGroups.flatMap(({ volumes }) => volumes), ...fileSystems];
}

/** An image has one disk, whose size the section says. */
function unfitDisks({ disks }: LayoutDocument, imageSize: number): { line: number; message: string }[] {
  const [first, ...others] = disks;
  const more = others.map(({ line, name }) => ({
    line,
    message: `local_loop '${name}': an image has one disk, and '${first?.name}' is one`,
  }));
  if (first?.size === undefined || first.size === imageSize) return more;
  const [own, wanted] = [shownSize(first.size), shownSize(imageSize)];
  const message = `local_loop '${first.name}': size: it is ${own}, but the image's disk has ${wanted}; leave 'size' out, or set 'image-size = ${first.size}'`;
  return [{ line: first.line, message }, ...more];
}

/** The system is cleaned on its disk, where thin volumes can't be read. */
function thinVolumes({ volumeGroups }: LayoutDocument): { line: number; message: string }[] {
  const thin = volumeGroups.flatMap(({ volumes }) => volumes).filter(({ type }) => type !== 'linear');
  return thin.map(({ line, name, type }) => ({
    line,
    message: `logical volume '${name}': type: an image with a ${type === 'thin' ? 'thin volume' : 'thin pool'} can't be cleaned; leave 'type' out`,
  }));
}

function read({ name, places }: Subject, layout: NonNullable<Subject['layout']>): string {
  try {
    return readSource(layout.file).text;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const place = places['layout'] ?? `[${name}] layout`;
    throw new UsageError([`${place} = ${layout.name}: can't read ${layout.file}: ${reasonOf(error)}`]);
  }
}

/** Relative to the current directory, for a file in it. */
export function shownFile(file: string): string {
  const path = relative('', file);
  return path.startsWith('..') ? file : path;
}
