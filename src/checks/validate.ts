import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { installOrigin, isInstalled, type AnswerFileKind, type ImageSpec } from '../config/image-spec.js';
import type { Overrides } from '../config/overrides.js';
import { sortedByLine } from '../config/problem-order.js';
import { splitName } from '../config/flavored-name.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { installation } from './doctor.js';
import { Failure, UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { silentLog } from '../host/log.js';
import { maskOf, maskUrls, type Mask } from '../host/mask.js';
import { findProgram } from '../host/programs.js';
import { withScratchDirectory } from '../host/scratch-directory.js';
import { renderAnswerFile, SettingMissing, type AnswerFile } from '../answers/answer-file.js';
import type { AnswerFileFinding } from '../answers/validators/finding.js';
import { validators, type Validator } from '../answers/validators/validators.js';
import { answerFileSource } from '../images/answer-file-source.js';
import { buildChecks, checkImage, shippedChecks } from './image-check.js';
import { secretsIn } from '../answers/secrets.js';
import { secretsAsWritten } from '../config/secrets.js';
import type { OnlineCheck } from './online-check.js';

/** A problem of an image's section, its answer file, or a file or address that they name. */
export interface ValidationFinding {
  /** A configuration file, a template, or the answer file; a rendered one has no directory. */
  readonly file?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  readonly message: string;
}

export interface CheckNotMade {
  readonly check: string;
  readonly why: string;
  /** What to do to make it possible. */
  readonly fix?: string | undefined;
}

/** The result for one image. It contains no secrets of its section. */
export interface Validation {
  readonly image: string;
  /** The checks made, in order. */
  readonly checks: readonly string[];
  readonly notMade: readonly CheckNotMade[];
  readonly findings: readonly ValidationFinding[];
}

export interface ValidationSettings {
  /** The directory of the validators' schemas. */
  readonly schemaDir?: string | undefined;
  /** A shipped image that the user did not name, nor needs: it is passed over if it lacks a required setting. */
  readonly unasked?: boolean;
  /** The options that the command line sets. */
  readonly overrides?: Overrides;
  /** Checks the addresses that the image names. Without it, they are not checked. */
  readonly online?: OnlineCheck | undefined;
}

interface Notes {
  readonly checks: string[];
  readonly notMade: CheckNotMade[];
  readonly findings: ValidationFinding[];
}

/** Checks an image as far as possible without building it. Any error becomes a finding of this image. */
export async function validateImage(
  host: Caller,
  configuration: Configuration,
  image: string,
  settings: ValidationSettings = {},
): Promise<Validation> {
  const notes: Notes = { checks: [], notMade: [], findings: [] };
  let mask: Mask = maskUrls;
  const { image: section } = splitName(configuration, image);
  try {
    notes.checks.push('configuration');
    mask = maskOf(secretsAsWritten(configuration.section(section)));
    const spec = resolveImage(configuration, image, settings.overrides ?? {}, isoDate(new Date()));
    mask = maskOf(spec.secrets);
    if (isInstalled(spec)) notes.checks.push('answer file');
    const shipped = settings.unasked === true;
    const waitsFor = shipped ? await settingsMissing(spec) : [];
    if (waitsFor.length > 0) {
      notes.notMade.push(...waitsFor.map((why) => ({ check: 'answer file', why })));
      return masked({ image, ...notes }, mask);
    }
    await noting(notes, () =>
      checkImage(configuration, spec, warningsInto(notes), shipped ? shippedChecks : buildChecks),
    );
    const answerFile = isInstalled(spec) ? await rendered(spec) : undefined;
    if (answerFile !== undefined) {
      mask = maskOf([...spec.secrets, ...secretsIn(answerFile.content.toString())]);
      await askValidators(host, spec, answerFile, settings.schemaDir, notes);
    }
    if (settings.online && isInstalled(spec)) await askOnline(settings.online, spec, answerFile, notes);
  } catch (error) {
    host.signal.throwIfAborted();
    note(notes, error);
  }
  return masked({ image, ...notes }, mask);
}

/** What the image waits for; nothing where something else is wrong as well. */
async function settingsMissing(spec: ImageSpec): Promise<readonly string[]> {
  try {
    await renderAnswerFile(answerFileSource(spec));
    return [];
  } catch (error) {
    if (error instanceof SettingMissing) return error.problems;
    if (error instanceof UsageError) return [];
    throw error;
  }
}

async function noting(notes: Notes, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    note(notes, error);
  }
}

function note({ findings }: Notes, error: unknown): void {
  const problems = error instanceof UsageError ? error.problems : [(error as Error).message];
  findings.push(...problems.map(located));
}

/** Splits the file and line off a problem that begins with them. */
function located(problem: string): ValidationFinding {
  const [, file, line, message] = /^([^:\n]+):(\d+): (.*)$/s.exec(problem) ?? [];
  return message === undefined ? { message: problem } : { file, line: Number(line), message };
}

/** Warnings, such as unknown options, do not prevent a build, but count as findings here. */
function warningsInto({ findings }: Notes): typeof silentLog {
  return { ...silentLog, warn: (message) => void findings.push(located(message)) };
}

/** Undefined if it can't be rendered: {@link checkImage} has reported why. */
async function rendered(spec: ImageSpec): Promise<AnswerFile | undefined> {
  return renderAnswerFile(answerFileSource(spec)).catch((error: unknown) => {
    if (error instanceof UsageError) return undefined;
    throw error;
  });
}

async function askValidators(
  host: Caller,
  spec: ImageSpec,
  { name, content }: AnswerFile,
  schemaDir: string | undefined,
  notes: Notes,
): Promise<void> {
  const { kind, path } = installOrigin(spec).answerFile;
  const known = validators[kind];
  if (known.length === 0) notes.notMade.push({ check: kind, why: `there is no validator for ${titles[kind]} files` });
  await withScratchDirectory('validate', async (directory) => {
    const file = join(directory, name);
    // It may hold password hashes.
    await writeFile(file, content, { mode: 0o600 });
    for (const validator of known) {
      const outcome = await ask(host, validator, file, schemaDir);
      if ('why' in outcome) {
        notes.notMade.push(outcome);
        continue;
      }
      notes.checks.push(validator.name);
      const shown = basename(path) === name ? path : name;
      notes.findings.push(
        ...outcome.findings.map(({ line, message }) => ({
          file: shown,
          line,
          message: message.replaceAll(file, shown),
        })),
      );
      // The findings of later validators may only follow from these.
      if (outcome.findings.length > 0) break;
    }
  });
}

const titles: Readonly<Record<AnswerFileKind, string>> = {
  preseed: 'preseed',
  kickstart: 'Kickstart',
  yast: 'AutoYaST',
  autoinstall: 'autoinstall',
  agama: 'Agama',
};

async function ask(
  host: Caller,
  validator: Validator,
  file: string,
  schemaDir: string | undefined,
): Promise<{ findings: AnswerFileFinding[] } | CheckNotMade> {
  const { name: check, program } = validator;
  if (program !== undefined && findProgram(program) === undefined) {
    return { check, why: `${program} is not installed`, fix: installation(program) };
  }
  try {
    if (validator.schema === undefined) return { findings: await validator.find(host, file) };
    const schema = join(schemaDir ?? '', validator.schema.file);
    if (schemaDir !== undefined && existsSync(schema)) return { findings: await validator.find(host, file, schema) };
    const { file: name, from } = validator.schema;
    const where = schemaDir ?? 'a directory that --schema-dir names';
    return { check, why: `${check} not found`, fix: `put ${name}, from ${from}, into ${where}` };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { check, why: `${check}: ${error.message.replaceAll(file, basename(file))}`, fix: error.hint };
  }
}

async function askOnline(
  online: OnlineCheck,
  spec: ImageSpec,
  answerFile: AnswerFile | undefined,
  notes: Notes,
): Promise<void> {
  const { findings, notMade } = await online.ask(spec, answerFile?.content.toString() ?? '');
  notes.checks.push('online');
  notes.findings.push(...findings.map((message) => ({ message })));
  notes.notMade.push(...notMade.map((lack) => ({ check: 'online', ...lack })));
}

function masked({ image, checks, notMade, findings }: Validation, mask: Mask): Validation {
  return {
    image,
    checks,
    notMade: notMade.map(({ check, why, fix }) => ({ check, why: mask(why), fix })),
    findings: sortedByLine(findings, (finding) => finding).map(({ file, line, message }) => ({
      file,
      line,
      message: mask(message),
    })),
  };
}
