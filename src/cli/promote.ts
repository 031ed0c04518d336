import { existsSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { artifactNames, type ArtifactFiles, type ArtifactRole } from '../artifacts/table.js';
import type { Configuration } from '../config/configuration.js';
import type { ImageSpec } from '../config/image-spec.js';
import { lockPath } from '../config/lock-path.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { secretsAsWritten } from '../config/secrets.js';
import { checkSigning } from '../checks/image-check.js';
import type { LockedFrom } from '../contents/artifact.js';
import { claimLock } from '../host/file-lock.js';
import { Failure, UsageError } from '../host/failure.js';
import { ReleaseStack } from '../host/release-stack.js';
import { lockable } from '../images/installer-packages.js';
import { newestImage } from '../images/newest-image.js';
import { planBuild } from '../images/plan.js';
import { promotionRecipe } from '../images/recipes.js';
import { runBuild } from '../images/run-build.js';
import type { PromotedImage } from '../images/stages/promote.js';
import { exitCodes } from '../jobs/outcome.js';
import { staleness } from '../packages/differences.js';
import { packagingOf } from '../packages/facts.js';
import { lockText, readLock } from '../packages/lock-file.js';
import { flavoredName, imagesMeant, recordedRequest, type FlavoredImage } from '../packages/request.js';
import { noLock } from '../packages/use-lock.js';
import { loadConfiguration } from './configuration.js';
import { overridesFrom, type Flags } from './overrides.js';
import { inSession, type LogFlags } from './session.js';
import { untilSignalled } from './signals.js';

export interface PromoteFlags extends LogFlags {
  readonly config?: string;
  readonly flavor?: readonly string[];
  readonly upload: boolean;
  readonly [option: string]: Flags[string];
}

/** One image that gets another name. */
interface Promotion {
  readonly from: PromotedImage;
  readonly spec: ImageSpec;
  readonly lockFile: string;
}

/**
 * Gives finished images and their package locks another name: that of a section that asks for the same packages, or any
 * name that no section has. Nothing is built.
 */
export async function promote(image: string, name: string, flags: PromoteFlags): Promise<void> {
  const { log, outcome } = await inSession(flags, async ({ log, secrets }) => {
    const configuration = loadConfiguration(flags.config);
    const images = imagesMeant(configuration, image, flags.flavor);
    const learn = (section: string) => secrets.learn(secretsAsWritten(configuration.section(section)));
    images.forEach((each) => learn(each.image));
    const promotions = await Promise.all(
      images.map((each) => promotionOf(configuration, each, newName(name, each, images), flags)),
    );
    for (const { spec } of promotions) secrets.learn(spec.secrets);
    await untilSignalled(async (signal) => {
      for (const { from, spec, lockFile } of promotions) {
        await checkSigning({ log, signal }, spec);
        const plan = await planBuild(spec, { result: 'tree' });
        const file = basename(from.files.image);
        const extension = file.slice(basename(from.files.sums, '.SHA256SUMS').length + 1);
        const paths = { ...plan.paths, ...filesIn(spec.outputDir, spec.baseName, `${spec.baseName}.${extension}`) };
        const candidate = join(paths.workDir, basename(paths.image));
        const promoted = { ...plan, paths: { ...paths, candidate } };
        await runBuild(
          { log, secrets, signal, release: new ReleaseStack() },
          promoted,
          { claim: claimLock, from: 'beginning', resumeCommand: '' },
          promotionRecipe(promoted, from, lockFile),
        );
        log.info(`Promoted ${from.name} to ${paths.image}`);
      }
    });
  });
  log.close();
  process.exitCode = exitCodes[outcome];
}

/** The new image has the flavor of the old one. */
function newName(name: string, { flavor }: FlavoredImage, all: readonly FlavoredImage[]): FlavoredImage {
  const at = name.lastIndexOf('@');
  const named = at > 0 ? name.slice(at + 1) : undefined;
  if (named !== undefined && (all.length > 1 || named !== flavor)) {
    throw new UsageError([
      `${name}: what is promoted has ${flavor === undefined ? 'no flavor' : `the flavor ${all.map((each) => each.flavor).join(', ')}`}: leave '@${named}' out`,
    ]);
  }
  return { image: at > 0 ? name.slice(0, at) : name, flavor };
}

async function promotionOf(
  configuration: Configuration,
  before: FlavoredImage,
  now: FlavoredImage,
  flags: PromoteFlags,
): Promise<Promotion> {
  const [name, next] = [flavoredName(before), flavoredName(now)];
  const problems: string[] = [];
  if (name === next) problems.push(`${name}: an image can't be promoted to its own name`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9._+-]*$/.test(now.image)) {
    problems.push(`'${now.image}' can't be the name of an image: expected letters, digits, '.', '_', '+' and '-'`);
  }
  const kind = configuration.kind(now.image);
  if (kind !== undefined && kind !== 'image')
    problems.push(`[${now.image}] is no image, but a section of another kind`);
  if (problems.length > 0) throw new UsageError(problems);
  const today = isoDate(new Date());
  const source = resolveImage(configuration, name, {}, today);
  const lockBefore = lockPath(configuration, before);
  const from = finished(source, lockBefore);
  const date = basename(from.files.sums, '.SHA256SUMS').slice(name.length + 1);
  const spec = kind === 'image' ? resolveImage(configuration, next, overridesFrom(flags), date) : undefined;
  if (spec !== undefined) await expectSame(configuration, spec, now, from);
  const lockFile = spec === undefined ? join(dirname(lockBefore), `${next}.json`) : lockPath(configuration, now);
  const there = (role: ArtifactRole) => existsSync(from.files[role]);
  const settings = spec ?? {
    ...resolveImage(configuration, name, overridesFrom(flags), date),
    ...{ name: next, section: now.image, baseName: `${next}-${date}`, destinations: [] },
  };
  return {
    from,
    lockFile,
    spec: {
      ...settings,
      destinations: flags.upload ? settings.destinations : [],
      sbom: there('sbom') ? settings.sbom : 'no',
      manifest: settings.manifest && there('manifest'),
      provenance: settings.provenance && there('provenance'),
    },
  };
}

/** The newest image of a section. @throws Failure where there is none, or it was not made of the lock that is there */
function finished({ name, outputDir, group }: ImageSpec, lockFile: string): PromotedImage {
  const lock = readLock(lockFile);
  if (lock === undefined && group.length > 0) throw noLock(name, lockFile);
  const image = newestImage(outputDir, name);
  if (image === undefined) {
    throw new Failure(`no image of ${name} is in ${outputDir}: nothing can be promoted`, {
      hint: `Build it first: image-factory ${name}${lock === undefined ? '' : ' --locked'}`,
    });
  }
  const [base = ''] = /^.*-\d{4}-\d{2}-\d{2}/.exec(basename(image)) ?? [];
  const files = filesIn(outputDir, base, basename(image));
  const made = lockIn(files.manifest);
  if (lock === undefined) {
    if (made !== undefined) throw noLock(name, lockFile);
    return { name, files, lock };
  }
  if (made === undefined) {
    throw new Failure(`${files.manifest} does not say of which package lock the image was made`, {
      hint: `Build it with a manifest: image-factory ${name} --locked --manifest yes`,
    });
  }
  const sha256 = createHash('sha256').update(lockText(lock)).digest('hex');
  if (made.sha256 !== sha256) {
    throw new Failure(`${image} was not made of the package lock that is there now: the lock has changed since`, {
      hint: `Build it again: image-factory ${name} --locked`,
    });
  }
  return { name, files, lock };
}

function lockIn(manifest: string): LockedFrom | undefined {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { packageLock?: LockedFrom }).packageLock;
  } catch {
    return undefined;
  }
}

function filesIn(directory: string, base: string, image: string): ArtifactFiles {
  const names = Object.entries(artifactNames(base, image));
  return Object.fromEntries(names.map(([role, name]) => [role, join(directory, name)])) as unknown as ArtifactFiles;
}

/** @throws Failure for a section that asks for other packages: its own lock would be stale at once, or there would be none */
async function expectSame(
  configuration: Configuration,
  { group }: ImageSpec,
  now: FlavoredImage,
  { name, lock }: PromotedImage,
): Promise<void> {
  if (lock === undefined) {
    if (group.length === 0) return;
    throw new Failure(`[${now.image}] has a 'group', and ${name} has no package lock: its image is another one`, {
      hint: `'like' takes all options of the other section; so does a name that no section has.`,
    });
  }
  const { request } = await lockable(configuration, now);
  const { architecture } = packagingOf(request.facts);
  const differing = staleness(lock, recordedRequest(request), { solver: lock.solver, architecture });
  if (differing.length === 0) return;
  const lines = differing.map((line) => `  | ${line}`).join('\n');
  throw new Failure(`[${now.image}] asks for other packages than the lock has:\n${lines}`, {
    hint: `'like' takes all options of the other section; so does a name that no section has.`,
  });
}
