import type { Configuration } from '../config/configuration.js';
import { splitName } from '../config/flavored-name.js';
import { isBootstrapped, isDerived, type ImageSpec } from '../config/image-spec.js';
import { parentName } from '../config/parent-names.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { Failure, UsageError } from '../host/failure.js';
import { silentLog } from '../host/log.js';
import { bootstrappedOf } from '../images/bootstrapped.js';
import { derivationOf, type Derivation } from '../images/derivation.js';
import { newestImage } from '../images/newest-image.js';
import { loadConfiguration } from './configuration.js';
import { flavorsMeant, flavorsOrItself } from './image-names.js';
import { overridesFrom, type Flags } from './overrides.js';

export interface TreeFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly [option: string]: Flags[string];
}

/** An image of the tree, as --json prints it. */
interface TreeImage {
  readonly image: string;
  /** Whether it is made from its packages. */
  readonly packages?: boolean;
  /** As the section names it, or the flavor that it means. */
  readonly parent: string | undefined;
  readonly state: 'fresh' | 'stale' | 'not built' | 'waits for its parent' | 'invalid';
  /** Which inputs differ from those of the newest tree. */
  readonly differing?: readonly string[];
  /** Of a fresh image. */
  readonly layer?: string;
  /** Of an installed image: the newest one. */
  readonly file?: string;
  readonly problem?: string;
}

/** Prints images below their parents, each with its state. Changes nothing. */
export async function tree(asked: readonly string[], flags: TreeFlags): Promise<void> {
  const configuration = loadConfiguration(flags.config);
  const named = asked.flatMap((name) => flavorsMeant(configuration, name));
  const names = configuration.imageNames().flatMap((name) => flavorsOrItself(configuration, name));
  const all = [...new Set([...names, ...named])];
  const images = await Promise.all(all.map((name) => imageOf(configuration, name, flags)));
  const shown = related(images, named);
  if (flags.json) {
    console.log(JSON.stringify({ images: shown }, undefined, 2));
    return;
  }
  if (shown.length === 0) console.log("no image has a 'parent', or is made from its packages");
  for (const line of drawing(shown)) console.log(line);
}

async function imageOf(configuration: Configuration, name: string, flags: TreeFlags): Promise<TreeImage> {
  const parent = parentOf(configuration, name);
  let spec: ImageSpec;
  try {
    spec = resolveImage(configuration, name, overridesFrom(flags), isoDate(new Date()));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { image: name, parent, state: 'invalid', problem: error.problems[0] ?? '' };
  }
  if (isBootstrapped(spec)) {
    const standing = await bootstrappedOf(spec);
    if (standing.state !== 'fresh') return { image: name, parent, packages: true, ...standing };
    return { image: name, parent, state: 'fresh', packages: true, layer: standing.node.layer };
  }
  if (!isDerived(spec)) {
    const file = newestImage(spec.outputDir, name);
    return {
      image: name,
      parent,
      state: file === undefined ? 'not built' : 'fresh',
      ...(file !== undefined && { file }),
    };
  }
  try {
    return { image: name, parent, ...stateOf(await derivationOf(caller, spec)) };
  } catch (error) {
    if (!(error instanceof Failure || error instanceof UsageError)) throw error;
    return { image: name, parent, state: 'invalid', problem: error.message };
  }
}

const caller = { log: silentLog, signal: new AbortController().signal };

function stateOf(derivation: Derivation): Pick<TreeImage, 'state' | 'differing' | 'layer'> {
  switch (derivation.state) {
    case 'fresh':
      return { state: 'fresh', layer: derivation.node.layer };
    case 'stale':
      return { state: 'stale', differing: derivation.differing };
    case 'not built':
      return { state: 'not built' };
    case 'waits':
      return { state: derivation.parent.kind === 'unbuilt' ? 'waits for its parent' : 'not built' };
  }
}

function parentOf(configuration: Configuration, name: string): string | undefined {
  const meant = parentName(configuration, name);
  if (meant !== undefined) return meant;
  const { image } = splitName(configuration, name);
  const { document } = configuration.section(image);
  try {
    return document.optionNames(image).includes('parent') ? document.get(image, 'parent') || undefined : undefined;
  } catch {
    return document.raw(image, 'parent')?.value;
  }
}

/** The images to show: with their ancestors and descendants; of all, those that have any, or are made from their packages. */
function related(images: readonly TreeImage[], asked: readonly string[]): TreeImage[] {
  const parents = new Set(images.flatMap(({ parent }) => parent ?? []));
  if (asked.length === 0) {
    return images.filter(
      ({ image, parent, packages }) => parent !== undefined || packages === true || parents.has(image),
    );
  }
  const byName = new Map(images.map((each) => [each.image, each]));
  const lineOf = (name: string): string[] => {
    const line: string[] = [];
    for (let next: string | undefined = name; next !== undefined && !line.includes(next);) {
      line.push(next);
      next = byName.get(next)?.parent;
    }
    return line;
  };
  const ancestors = new Set(asked.flatMap(lineOf));
  return images.filter(({ image }) => ancestors.has(image) || lineOf(image).some((name) => asked.includes(name)));
}

/** A forest: what is no image of it, a layer or a file, stands above its children as well. */
function drawing(images: readonly TreeImage[]): string[] {
  const names = new Set(images.map(({ image }) => image));
  const others = [
    ...new Set(images.flatMap(({ parent }) => (parent !== undefined && !names.has(parent) ? [parent] : []))),
  ];
  const lines: string[] = [];
  const draw = (name: string, above: string, mark: string, text: string) => {
    lines.push(`${above}${mark}${text}`);
    const children = images.filter(({ parent }) => parent === name);
    const inner = above + (mark === '' ? '' : mark === '└─ ' ? '   ' : '│  ');
    for (const [index, child] of children.entries()) {
      draw(child.image, inner, index === children.length - 1 ? '└─ ' : '├─ ', described(child));
    }
  };
  for (const name of others) draw(name, '', '', name);
  for (const image of images.filter(({ parent }) => parent === undefined)) draw(image.image, '', '', described(image));
  // What leads in a circle hangs on nothing.
  for (const image of images.filter(({ image: name }) => !lines.some((line) => line.includes(name)))) {
    lines.push(described(image));
  }
  return lines;
}

function described({ image, state, differing = [], layer, file, problem }: TreeImage): string {
  const rest = [
    ...(differing.length > 0 ? [`: ${differing.join(', ')} differ${differing.length === 1 ? 's' : ''}`] : []),
    ...(layer === undefined ? [] : [` (layer ${layer})`]),
    ...(file === undefined ? [] : [` (${file})`]),
    ...(problem === undefined ? [] : [`: ${problem}`]),
  ];
  return `${image}  ${state}${rest.join('')}`;
}
