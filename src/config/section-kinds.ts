import { bundleOptions } from './bundle-options.js';
import { descriptionOptions } from './description-options.js';
import { flavorOptions, groupOptions } from './group-options.js';
import { answerFileKinds } from './image-spec.js';
import { canonical, type Option } from './option.js';
import { destinationOptions, imageOptions, sectionOptions } from './options.js';
import { nearestWord } from './suggestion.js';
import { userOptions } from './user-options.js';

/** A kind of section: how it is recognised, and which options it has. */
export interface SectionKind {
  /** For messages: `[cloud] is a destination`. */
  readonly title: string;
  readonly doc: string;
  /** The word before the name, parted from it by a blank: `[family debian]`. Kinds without one are told by their marks. */
  readonly word?: string;
  /** Options, `-` for `_`, of which one at least makes a section without a word one of this kind. */
  readonly marks?: ReadonlySet<string>;
  /** The tables of its options, the first of which a misspelt option is most likely from. */
  readonly tables: readonly Readonly<Record<string, Option<unknown>>>[];
  /** Words of the kinds whose sections `like` may name without them, in this order; an empty one is for sections without. */
  readonly likes: readonly string[];
}

const imageTables = [imageOptions, sectionOptions, descriptionOptions];

/** Every kind of section. Those with marks are asked in this order. */
export const sectionKinds = {
  image: {
    title: 'an image',
    doc: 'An image that can be built. It says where the installer comes from, and names an answer file; or it names its **parent**; or it has a **group** and neither of these.',
    marks: new Set<string>(['parent', 'group', 'linux', 'initrd', 'installer-image', ...answerFileKinds]),
    tables: imageTables,
    likes: ['', 'family'],
  },
  destination: {
    title: 'a destination',
    doc: 'A place to which images are uploaded, for **upload_destinations**.',
    marks: new Set(Object.keys(destinationOptions).map(canonical)),
    tables: [destinationOptions, sectionOptions],
    likes: [''],
  },
  family: {
    title: 'a family',
    doc: 'What several images have in common. It is no image itself: other sections take its options by **like**.',
    word: 'family',
    tables: imageTables,
    likes: ['family', ''],
  },
  bundle: {
    title: 'a target of bundles',
    doc: 'A format with what a platform demands of it, for **bundles**. It takes nothing from [DEFAULT].',
    word: 'bundle',
    tables: [bundleOptions, sectionOptions],
    likes: ['bundle'],
  },
  group: {
    title: 'a group',
    doc: 'Packages that belong together, and other groups: see **image-factory-packages**(7).',
    word: 'group',
    tables: [groupOptions, sectionOptions],
    likes: ['group'],
  },
  flavor: {
    title: 'a flavor',
    doc: "What an image is for: architecture, hypervisor, with or without a kernel. Each of an image's **flavors** is built.",
    word: 'flavor',
    tables: [flavorOptions, sectionOptions],
    likes: ['flavor'],
  },
  user: {
    title: 'a user',
    doc: 'A user of the installed system, for **users**. It may be empty, and takes nothing from [DEFAULT].',
    word: 'user',
    tables: [userOptions, sectionOptions],
    likes: ['user', ''],
  },
} as const satisfies Record<string, SectionKind>;

export type SectionKindName = keyof typeof sectionKinds;

const kinds = Object.entries<SectionKind>(sectionKinds) as [SectionKindName, SectionKind][];

/**
 * What a section is, by its header and its options; undefined for one of mere values, which others refer to.
 *
 * @param options the section's own and those that it takes by `like`, in any spelling, without those of [DEFAULT]
 */
export function kindOf(header: string, options: Iterable<string>): SectionKindName | undefined {
  const word = wordOf(header);
  const names = new Set([...options].map(canonical));
  const found = kinds.find(([, kind]) =>
    word === undefined
      ? kind.marks !== undefined && [...kind.marks].some((mark) => names.has(mark))
      : kind.word === word,
  );
  return found?.[0];
}

/** The word of a kind that a section's header begins with. */
export function wordOf(header: string): string | undefined {
  const word = /^(\S+) +\S/.exec(header)?.[1];
  return kinds.some(([, kind]) => kind.word !== undefined && kind.word === word) ? word : undefined;
}

/** The headers that `like` may mean by a name, in the order in which they are looked for. */
export function headersMeant(header: string, like: string): string[] {
  const word = wordOf(header) ?? '';
  const likes = kinds.find(([, kind]) => (kind.word ?? '') === word)?.[1].likes ?? [''];
  return [...new Set([...likes.map((each) => `${each} ${like}`.trim()), like])];
}

/** Whether a kind of section has such an option, in either spelling. */
export function hasOption({ tables }: SectionKind, name: string): boolean {
  const spelling = canonical(name);
  return tables.some((table) => Object.entries(table).some(([known, record]) => matches(spelling, known, record)));
}

function matches(spelling: string, known: string, { numbered }: Option<unknown>): boolean {
  const name = canonical(known);
  return spelling === name || (numbered === true && new RegExp(`^${name}\\d+$`).test(spelling));
}

/** The option of a kind that was probably meant. */
export function nearestOption({ tables }: SectionKind, name: string): string | undefined {
  return nearestWord(
    name,
    tables.flatMap((table) => Object.keys(table)),
  );
}
