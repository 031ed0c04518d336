import type { Configuration } from '../config/configuration.js';
import { isInstalled, type AnswerFileKind, type ImageSpec } from '../config/image-spec.js';
import { Failure, UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { silentLog, type Log } from '../host/log.js';
import { findProgram, programs } from '../host/programs.js';
import { SettingMissing } from '../answers/answer-file.js';
import { netbootSources } from '../sources/netboot-source.js';
import { checkVerification } from '../sources/vouching.js';
import { sign } from '../publish/signature.js';
import { renderedTemplate } from '../images/rendered-template.js';
import { necessaryFirmwares } from '../images/boot-firmwares.js';
import { needsLibvirt, type Plan } from '../images/build.js';
import { defaultArchitecture } from '../machine/architectures.js';
import { missingFirmware } from '../machine/firmware.js';
import { programsOf } from '../engine/recipe.js';
import { buildRecipe } from '../images/recipes.js';
import { answerFileMeaning, answerFileStorage, kernelArgumentLimits, unusedOptions } from './answer-file-checks.js';
import { bundleCheck, directoriesToUpload } from './bundle-check.js';
import { bootTestCommand, hookCommands } from './command-checks.js';
import { destinations } from './destination-checks.js';
import {
  mediumAndNetbootFiles,
  names,
  rootHelper,
  servedDirectory,
  signingKey,
  virtualisation,
} from './machine-checks.js';
import { keyringInVain, localSources } from './source-check.js';
import { derivationCheck } from './derivation-check.js';
import { filesCheck } from './files-check.js';
import { childOptions, frameCheck, groupOfChild } from './frame-check.js';
import { goldenExceptions } from './golden-check.js';
import { networkProof } from './boot-test-check.js';
import { endOfLife } from './end-of-life.js';
import { layoutCheck } from './layout-check.js';
import { packageLockCheck } from './package-lock-check.js';
import { wayIn } from './way-in.js';
import { error, type Check, type CheckFinding, type Subject } from './subject.js';

/** The checks of an image that is to be built, in this order. */
export const buildChecks: readonly Check[] = [
  netbootFiles,
  localSources,
  keyringInVain,
  mediumAndNetbootFiles,
  names,
  virtualisation,
  layoutCheck,
  bundleCheck,
  directoriesToUpload,
  filesCheck,
  derivationCheck,
  frameCheck,
  childOptions,
  groupOfChild,
  packageLockCheck,
  goldenExceptions,
  hookCommands,
  bootTestCommand,
  networkProof,
  servedDirectory,
  signingKey,
  destinations,
  rootHelper,
  answerFileStorage,
  answerFileMeaning,
  kernelArgumentLimits,
  unusedOptions,
  wayIn,
  endOfLife,
];

/** The checks of a shipped image that has no setting of the user's yet. */
export const shippedChecks: readonly Check[] = buildChecks.filter((check) => check !== wayIn && check !== endOfLife);

/** Those that ask about an installation: an image with a parent has none. */
const ofInstallations: ReadonlySet<Check> = new Set([
  netbootFiles,
  localSources,
  keyringInVain,
  mediumAndNetbootFiles,
  servedDirectory,
  rootHelper,
  answerFileStorage,
  answerFileMeaning,
  kernelArgumentLimits,
]);

/** The checks before netboot files are fetched. */
export const fetchChecks: readonly Check[] = [
  netbootFiles,
  localSources,
  keyringInVain,
  mediumAndNetbootFiles,
  hookCommands,
  unusedOptions,
];

/**
 * Checks an image before anything is done: the same for `validate`, a dry run and a build. Warnings go to the log.
 *
 * @throws UsageError with all errors of the configuration and the answer file
 */
export async function checkImage(
  configuration: Configuration,
  spec: ImageSpec,
  log: Log,
  wanted: readonly Check[] = buildChecks,
): Promise<void> {
  const host = { log: silentLog, signal: new AbortController().signal };
  const errors: string[] = [];
  const collectingErrors = async <T>(action: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      errors.push(...error.problems);
      return undefined;
    }
  };
  const rendered: string[] = [];
  let waits = false;
  const answerFile = await renderedTemplate(configuration, spec).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    rendered.push(...error.problems);
    waits = error instanceof SettingMissing;
    return undefined;
  });
  // What a section names by a setting that is missing, it does not mean: `${rhel-mirror}/9` is no directory of this machine.
  const useful = waits ? wanted.filter((check) => check !== localSources) : wanted;
  const subject: Subject = { host, configuration, spec, answerFile };
  for (const check of useful.filter((each) => isInstalled(spec) || !ofInstallations.has(each))) {
    const findings = (await collectingErrors(() => check(subject))) ?? [];
    for (const { weight, message } of findings) {
      if (weight === 'error') errors.push(message);
      else log.warn(message);
    }
  }
  errors.push(...rendered);
  if (errors.length > 0) throw new UsageError([...new Set(errors)]);
}

/** The sources of kernel and initrd, and their verification. */
function netbootFiles({ spec }: Subject): readonly CheckFinding[] {
  const sources = netbootSources(spec);
  const unverified = problemsOf(() => checkVerification(sources, spec));
  const [first, ...others] = sources.map(({ from }) => from.name);
  const same = others.some((name) => name === first)
    ? [
        `[${spec.name}] linux and initrd have the same file name '${first}', but the netboot cache keeps them in one directory: rename one`,
      ]
    : [];
  return [...unverified, ...same].map(error);
}

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
    return [];
  } catch (caught) {
    if (caught instanceof UsageError) return caught.problems;
    throw caught;
  }
}

/** The families whose package databases `rpm` reads. */
const usesRpm: readonly AnswerFileKind[] = ['kickstart', 'yast', 'agama'];

function doctorFlag({ spec: { arch } }: Plan): string {
  return arch === defaultArchitecture ? '' : ` --arch ${arch.debianName}`;
}

/**
 * Looks for the programs that a build calls, and for the files of its firmware. Warns if the packages of the image can't be listed: manifest and SBOM then
 * name none, and the build goes on.
 *
 * @throws Failure that names every program that the build will call and that is not installed, with its package
 */
export function checkPrograms(plan: Plan, log: Log): void {
  const missing = programsOf(buildRecipe(plan)).filter((program) => findProgram(program) === undefined);
  const { bootTest } = plan.spec;
  const firmwares = [
    ...(needsLibvirt(plan) ? [plan.hardware.firmware] : []),
    ...(bootTest.kind === 'off' || plan.result === 'tree' ? [] : necessaryFirmwares(plan.spec)),
  ];
  const files = firmwares.flatMap((firmware) => missingFirmware(firmware) ?? []);
  if (missing.length + files.length > 0) {
    const packages = [...missing.map((program) => programs[program].package), ...files.map((file) => file.package)];
    throw new Failure(`not installed: ${[...new Set([...missing, ...files.map(({ file }) => file)])].join(', ')}`, {
      hint: `Install ${[...new Set(packages)].join(' ')}; 'image-factory doctor${doctorFlag(plan)}' lists everything that is missing.`,
    });
  }
  const { origin, manifest, sbom } = plan.spec;
  const listsPackages =
    (manifest || sbom !== 'no') && origin.kind === 'install' && usesRpm.includes(origin.answerFile.kind);
  if (listsPackages && findProgram('rpm') === undefined) {
    log.warn(`rpm is not installed, so manifest and SBOM will name no packages; install ${programs.rpm.package}`);
  }
}

/**
 * Signs a short text with the section's key, so that a build does not fail after an hour because it can't sign.
 *
 * @throws Failure if there is no such key, or it can't sign now
 */
export async function checkSigning(host: Caller, { signing }: ImageSpec): Promise<void> {
  if (signing !== undefined) await sign(host, signing, 'image-factory asks whether this key can sign\n');
}
