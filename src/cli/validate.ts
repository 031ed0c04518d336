import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { loadConfiguration } from './configuration.js';
import { sectionKinds } from '../config/section-kinds.js';
import { straySections } from '../config/stray-sections.js';
import { splitName } from '../config/flavored-name.js';
import { UsageError } from '../host/failure.js';
import { silentLog } from '../host/log.js';
import { OnlineCheck } from '../checks/online-check.js';
import type { Validation, ValidationFinding } from '../checks/validate.js';
import { validateImages } from '../checks/validate-images.js';
import { groupProblems } from '../packages/groups.js';
import { imagesMeant } from '../packages/request.js';
import { visible } from '../report/visible.js';
import { flavorsOrItself, imageOfEnvironment } from './image-names.js';
import { overridesFrom } from './overrides.js';
import { untilSignalled } from './signals.js';

export interface ValidateFlags {
  readonly config?: string;
  readonly format: 'text' | 'json';
  readonly online?: boolean;
  readonly schemaDir?: string;
  readonly json?: boolean;
  readonly set?: readonly string[];
}

/** Prints the findings of these images and of their unbuilt ancestors, or of all, and the checks that could not be made. */
export async function validate(names: readonly string[], flags: ValidateFlags): Promise<void> {
  const configuration = loadConfiguration(flags.config);
  const named = names.length > 0 ? names : imageOfEnvironment();
  const images =
    named.length > 0
      ? imagesNamed(configuration, named)
      : configuration.imageNames().flatMap((name) => flavorsOrItself(configuration, name));
  const schemaDir = directory(flags.schemaDir);
  const unasked = named.length === 0;
  const strays = unasked ? [...straySections(configuration), ...groupProblems(configuration)] : [];
  const overrides = overridesFrom({ set: flags.set });
  const validations = await untilSignalled((signal) => {
    const host = { log: silentLog, signal };
    const online = flags.online ? new OnlineCheck(host) : undefined;
    return validateImages(host, configuration, { images, schemaDir, online, overrides, unasked });
  });
  // An image that reads a group tells what is wrong with it, too.
  const told = new Set(
    validations.flatMap(({ findings }) => findings.map(({ file, line, message }) => `${file}:${line}: ${message}`)),
  );
  const sections = strays.filter((line) => !told.has(line));
  if (flags.json || flags.format === 'json')
    console.log(JSON.stringify({ images: validations, sections }, undefined, 2));
  else for (const line of [...sections, ...report(validations)]) console.log(visible(line));
  if (sections.length > 0 || validations.some(({ findings }) => findings.length > 0)) process.exitCode = 2;
}

function imagesNamed(configuration: Configuration, names: readonly string[]): string[] {
  const problems = names.flatMap((name) => {
    try {
      if (splitName(configuration, name).flavor !== undefined) {
        imagesMeant(configuration, name);
        return [];
      }
      configuration.section(name);
      const kind = configuration.kind(name) ?? 'image';
      return kind === 'image' ? [] : [`[${name}] is not an image but ${sectionKinds[kind].title}`];
    } catch (error) {
      if (error instanceof UsageError) return error.problems;
      throw error;
    }
  });
  if (problems.length > 0) throw new UsageError(problems);
  return [...new Set(names.flatMap((name) => flavorsOrItself(configuration, name)))];
}

function directory(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (statSync(name, { throwIfNoEntry: false })?.isDirectory()) return resolve(name);
  throw new UsageError([`--schema-dir: ${name}: there is no such directory`]);
}

/** One line for each finding, one for each check that could not be made, and a summary. */
function report(validations: readonly Validation[]): string[] {
  const found = validations.flatMap(({ image, findings }) => findings.map((finding) => findingLine(image, finding)));
  const lacks = new Map<string, string[]>();
  for (const { image, notMade } of validations) {
    for (const { why, fix } of notMade) {
      const lack = fix === undefined ? why : `${why}: ${fix}`;
      lacks.set(lack, [...(lacks.get(lack) ?? []), image]);
    }
  }
  const notMade = [...lacks].map(([lack, images]) => `${images.join(', ')}: ${lack}`);
  return [...found, ...notMade, summary(validations)];
}

/** `FILE:LINE: [IMAGE] MESSAGE`, as editors read it. */
function findingLine(image: string, { file, line, message }: ValidationFinding): string {
  const place = file === undefined ? '' : line === undefined ? `${file}: ` : `${file}:${line}: `;
  // A message about an option already names its section, which several flavors share.
  const own = [image, image.replace(/@[^@]*$/, '')];
  const where = message.replace(/^command line: /, '');
  const named = own.some((name) => where.startsWith(`[${name}]`)) ? message : `[${image}] ${message}`;
  return `${place}${named}`;
}

function summary(validations: readonly Validation[]): string {
  const findings = validations.flatMap((validation) => validation.findings).length;
  const notMade = validations.flatMap((validation) => validation.notMade).length;
  const images = count(validations.length, 'image');
  const verdict = findings === 0 ? 'nothing found' : count(findings, 'finding');
  return `${images}: ${verdict}${notMade === 0 ? '' : `, ${count(notMade, 'check')} not made`}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
