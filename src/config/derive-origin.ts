import { dirname, resolve } from 'node:path';
import { descriptionOptions } from './description-options.js';
import type { DeriveOrigin, ImageSpec, TreeChanges } from './image-spec.js';
import { camelCase, canonical, type Values } from './option.js';
import { path } from './option-types.js';
import type { imageOptions } from './options.js';
import type { Overrides } from './overrides.js';
import type { SectionReader } from './section-reader.js';

/** Where Debian's package python3-diskimage-builder puts its elements. */
export const packagedElements = '/usr/lib/python3/dist-packages/diskimage_builder/elements';

/** The options of the installed system's description that a derived image reads. */
export const optionsOfChanges: ReadonlySet<string> = new Set(['packages', 'post-script', 'kernel-arguments']);

/** The origin of a section that has a `parent`. */
export function deriveOrigin(
  parent: string,
  images: Pick<DeriveOrigin, 'parentImage' | 'nearestImage'>,
  values: Values<typeof imageOptions>,
  reader: SectionReader,
): DeriveOrigin {
  const changes = treeChanges(values, reader);
  const file = /^file:(.*)$/s.exec(parent)?.[1];
  return {
    kind: 'derive',
    parent: file === undefined ? parent : `file:${besideSection('parent', file, reader)}`,
    ...images,
    changes,
    in: values.deriveIn === 'auto' ? undefined : values.deriveIn,
  };
}

/** What a section changes in a tree, wherever that comes from. */
export function treeChanges(values: Values<typeof imageOptions>, reader: SectionReader): TreeChanges {
  const { packages, 'post-script': postScript } = descriptionOptions;
  const described = reader.values({ packages, 'post-script': postScript });
  return {
    elements: values.elements,
    elementPath: (values.elementPath ?? [packagedElements]).map((each) => besideSection('element-path', each, reader)),
    elementEnvironment: values.elementEnvironment,
    packages: described.packages ?? { added: [], leftOut: [] },
    files: filesToCopy(values, reader),
    run: values.run.map((each) => besideSection('run', each, reader)),
    postScript: described.postScript || undefined,
  };
}

/** The directories of `files`, whatever the image comes from. */
export function filesToCopy({ files }: Pick<Values<typeof imageOptions>, 'files'>, reader: SectionReader): string[] {
  return files.map((each) => besideSection('files', each, reader));
}

/** Relative paths are relative to the configuration file that sets the option. */
function besideSection(option: string, name: string, reader: SectionReader): string {
  const from = reader.fileOf(option);
  return resolve(from === undefined ? '' : dirname(from), path.parse(name));
}

/** What an image takes from its parent's section where it sets nothing itself: what its tree depends on, or its disk. */
export const takenFromParent = [
  ...['arch', 'ram', 'cores', 'virt-type', 'osinfo'],
  ...['format', 'compression', 'distribution', 'golden-except'],
  ...['boot-test-firmware', 'boot-timeout'],
] as const satisfies readonly (keyof typeof imageOptions)[];

/** The values of a section with those that it takes from its parent's. */
export function withParentsValues(
  values: Values<typeof imageOptions>,
  parent: ImageSpec | undefined,
  reader: SectionReader,
): Values<typeof imageOptions> {
  if (parent === undefined) return values;
  const taken = takenFromParent.filter((option) => reader.lacks(option)).map(camelCase);
  const from = { ...parent, firmware: parent.firmware.name } as Readonly<Record<string, unknown>>;
  const firmware = reader.lacks('firmware') && reader.lacks('arch') ? ['firmware'] : [];
  return { ...values, ...Object.fromEntries([...taken, ...firmware].map((name) => [name, from[name]])) };
}

const places = new Set(['output-dir', 'cache-dir', 'data-dir', 'store-dir']);

/**
 * The settings of the command line that hold for parents that it does not name, too: where things lie, and that no packages come
 * in without a lock.
 */
export function overridesOfParents(overrides: Overrides): Overrides {
  return Object.fromEntries(
    Object.entries(overrides).filter(
      ([name, value]) => places.has(canonical(name)) || (canonical(name) === 'package-lock' && value === 'required'),
    ),
  );
}
