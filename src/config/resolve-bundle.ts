import { UsageError } from '../host/failure.js';
import { filesOfTarget } from './bundle-files.js';
import { bundleFormats, type BundleFormat } from './bundle-formats.js';
import { bundleOptions } from './bundle-options.js';
import type { BundleTarget } from './bundle-target.js';
import type { Configuration } from './configuration.js';
import { camelCase, canonical, type Values } from './option.js';
import { sectionOptions } from './options.js';
import { nearestOption, sectionKinds } from './section-kinds.js';
import { didYouMean } from './suggestion.js';

/** What stands before a target's name in the header of its section. */
const word = `${sectionKinds.bundle.word} `;

/** The targets that the configuration and the program know, by name. */
export function targetNames(configuration: Configuration): string[] {
  return configuration.sectionNames('bundle').map((header) => header.slice(word.length).trim());
}

/** What is asked for, and what is wrong with it. */
export interface ResolvedTargets {
  readonly targets: readonly BundleTarget[];
  readonly problems: readonly string[];
}

/**
 * The targets of these names, each once.
 *
 * @param asker who names them, for messages: `my.conf:3: [web] bundles`
 */
export function resolveTargets(configuration: Configuration, names: readonly string[], asker: string): ResolvedTargets {
  const problems: string[] = [];
  const targets = [...new Set(names)].flatMap((name) => {
    try {
      return [resolveTarget(configuration, name)];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(
        ...error.problems.map((problem) => (problem.startsWith('there is no') ? `${asker}: ${problem}` : problem)),
      );
      return [];
    }
  });
  for (const [index, target] of targets.entries()) {
    for (const other of targets.slice(0, index)) {
      const same = filesOfTarget(firstOf(target), target).find((name) =>
        filesOfTarget(firstOf(other), other).includes(name),
      );
      if (same === undefined) continue;
      problems.push(
        `${asker}: the targets '${other.name}' and '${target.name}' would make the same file, which ends with ${same}: give one of them another 'extension'`,
      );
    }
  }
  return { targets, problems };
}

/** The name of the first file, without what all have in common. */
const firstOf = ({ fileName, extension }: BundleTarget) => fileName ?? `.${extension}`;

/** @throws UsageError with every problem of the section, or naming the nearest target where there is none */
export function resolveTarget(configuration: Configuration, name: string): BundleTarget {
  const header = `${word}${name}`;
  const known = targetNames(configuration);
  if (!known.includes(name)) {
    throw new UsageError([
      `there is no target '${name}'${didYouMean(name, known)}; 'image-factory bundle --list' lists them, and a section [${header}] makes one`,
    ]);
  }
  const problems: string[] = [];
  const { values, place } = valuesOf(configuration, header, problems);
  const complain = (option: string, problem: string) => problems.push(`${place(option)}[${header}] ${problem}`);
  if (values.format === undefined) {
    if (problems.length === 0)
      complain('format', `no option 'format': set one of ${Object.keys(bundleFormats).join(', ')}`);
    throw new UsageError(problems);
  }
  const format: BundleFormat = bundleFormats[values.format];
  const { subformat = format.subformats[0], compression = format.compressions[0], options = {} } = values;
  if (subformat !== undefined && !format.subformats.includes(subformat)) {
    const has =
      format.subformats.length > 0
        ? `the format ${values.format} has ${format.subformats.join(', ')}`
        : `the format ${values.format} has none`;
    complain('subformat', `subformat = ${subformat}: ${has}${didYouMean(subformat, format.subformats)}`);
  }
  if (!format.compressions.includes(compression)) {
    complain(
      'compression',
      `compression = ${compression}: the format ${values.format} has ${format.compressions.join(', ')}`,
    );
  }
  for (const option of Object.keys(options)) {
    if (format.options === 'qemu' && ofBundles.has(option)) {
      complain(
        'options',
        `options: '${option}' can't be set: a bundle is one whole file, of the kind that 'subformat', 'compression' and 'align' say`,
      );
    }
    if (format.options === 'qemu' || format.options.includes(option)) continue;
    const has = format.options.length > 0 ? `has ${format.options.join(', ')}` : 'has none';
    complain(
      'options',
      `options: '${option}' is unknown: the format ${values.format} ${has}${didYouMean(option, format.options)}`,
    );
  }
  if (values.align !== undefined && (format.of !== 'disk' || values.align < 512 || values.align % 512 !== 0)) {
    complain(
      'align',
      format.of === 'disk'
        ? 'align: expected a multiple of 512 bytes'
        : `align: the format ${values.format} has no disk`,
    );
  }
  if (values.omit !== undefined && format.of === 'disk') {
    complain('omit', `omit: a disk is bundled as it is: the format ${values.format} leaves nothing out`);
  }
  if (values.fileName !== undefined && !/^(?:[A-Za-z0-9._+-]|\{(?:id|version|arch|image)\})+$/.test(values.fileName)) {
    complain(
      'file-name',
      `file-name = ${values.fileName}: expected letters, digits, '.', '_', '+', '-', and {id}, {version}, {arch}, {image}`,
    );
  }
  if (values.extension === undefined && !/^[A-Za-z0-9][\w+-]*$/.test(name)) {
    complain('extension', "the target's name can't be part of a file name: set 'extension'");
  }
  if (problems.length > 0) throw new UsageError(problems);
  const { needs = [], wants = [], omit = [], sidecar, properties = {}, fileName, align, description } = values;
  return {
    name,
    description: description ?? format.doc,
    format: values.format,
    subformat,
    compression,
    extension: values.extension ?? (name === format.extension ? name : `${name}.${format.extension}`),
    ...{ fileName, align, options, needs, wants, sidecar, properties },
    omit: omit.filter((each) => each !== 'nothing'),
  };
}

/** Options of qemu-img that would make a bundle only a part of a disk, or that a target has by other names. */
const ofBundles = new Set([
  'backing_file',
  'backing_fmt',
  'data_file',
  'data_file_raw',
  'subformat',
  'compression_type',
  'size',
]);

type BundleValues = Partial<Values<typeof bundleOptions>>;

/** What the section sets itself, or takes by `like`: [DEFAULT] is for images, whose `format` means another thing. */
function valuesOf(
  configuration: Configuration,
  header: string,
  problems: string[],
): { values: BundleValues; place: (option: string) => string } {
  const { document } = configuration.section(header);
  const own = document.sections.get(header)?.options ?? new Map<string, unknown>();
  const place = (option: string) => {
    const spelling = [...own.keys()].find((each) => canonical(each) === option);
    const source = spelling === undefined ? undefined : document.raw(header, spelling);
    const at = source?.line ? source : document.sections.get(header)?.place;
    return at?.line ? `${at.file}:${at.line}: ` : '';
  };
  const values: Record<string, unknown> = {};
  for (const spelling of own.keys()) {
    const name = canonical(spelling);
    const record = (
      bundleOptions as Readonly<Record<string, (typeof bundleOptions)[keyof typeof bundleOptions] | undefined>>
    )[name];
    if (record === undefined) {
      if (name in sectionOptions) continue;
      const nearest = nearestOption(sectionKinds.bundle, spelling);
      const hint = nearest === undefined ? '' : ` (did you mean '${nearest}'?)`;
      problems.push(`${place(name)}[${header}] unknown option '${spelling}'${hint}`);
      continue;
    }
    try {
      const text = document.get(header, spelling) ?? '';
      if (text !== '' || name === 'needs' || name === 'wants') values[camelCase(name)] = record.type.parse(text);
    } catch (error) {
      if (error instanceof UsageError) problems.push(...error.problems);
      else problems.push(`${place(name)}[${header}] ${spelling}: expected ${(error as Error).message}`);
    }
  }
  return { values, place };
}
