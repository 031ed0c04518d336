import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { readdir, readFile } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseSums } from '../artifacts/checksum.js';
import { verifyImage } from '../checks/verify.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { secretsAsWritten } from '../config/secrets.js';
import { diskFormats } from '../disk/formats.js';
import { Failure, UsageError } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { ReleaseStack } from '../host/release-stack.js';
import { exitCodes } from '../jobs/outcome.js';
import { shownSize } from '../layout/size.js';
import { describeContent, describeDevice, examineDevice, obstacles, type DeviceTree } from '../write/device.js';
import { readTableKind } from '../write/partition-table-kind.js';
import { readSourceImage, type SourceImage } from '../write/source-image.js';
import { flavoredName, imageMeant } from '../packages/request.js';
import { deviceTarget, fileTarget, type Target } from '../write/target.js';
import { writeImage } from '../write/write-image.js';
import { loadConfiguration } from './configuration.js';
import { inSession, type LogFlags, type Session } from './session.js';
import { untilSignalled } from './signals.js';

export interface WriteFlags extends LogFlags {
  readonly config?: string;
  readonly yes?: boolean;
  readonly resume?: boolean;
  readonly discard?: boolean;
  readonly verify: boolean;
  readonly toFile?: boolean;
}

/** Writes an image onto a disk. */
export async function write(image: string, device: string, flags: WriteFlags): Promise<void> {
  const { log, outcome } = await inSession(flags, async (session) => {
    await untilSignalled(async (signal) => {
      const host: Host = { log: session.log, signal, release: new ReleaseStack() };
      await host.release.after(host.log, () => writeOnto(host, session, image, device, flags));
    });
  });
  log.close();
  process.exitCode = exitCodes[outcome];
}

async function writeOnto(
  host: Host,
  session: Session,
  named: string,
  device: string,
  flags: WriteFlags,
): Promise<void> {
  if (!flags.toFile && process.getuid?.() !== 0) {
    throw new UsageError([`writing onto ${device} needs root: run this command with sudo`]);
  }
  const image = await readSourceImage(host, await imageFile(session, named, flags.config));
  const tree = flags.toFile ? undefined : await examineDevice(host, device);
  if (tree) await expectFree(host, tree, image);
  const target = tree ? deviceTarget(tree) : await fileTarget(resolve(device), image.size);
  if (target.size < image.size) {
    throw new UsageError([
      `${target.path} is too small: it has ${target.size} bytes, the disk in ${image.path} has ${image.size}`,
    ]);
  }
  if (target.hasContent && !flags.yes && !flags.resume) await confirm(host, image, target, tree);
  const sum = await check(host, image);
  const began = Date.now();
  await writeImage(host, image, target, {
    ...{ resume: flags.resume ?? false, discard: flags.discard ?? false, verify: flags.verify, sum },
  });
  tell(host, image, target, { seconds: (Date.now() - began) / 1000, verified: flags.verify });
}

/** The file of that name, or the newest image of the section of that name. */
async function imageFile(session: Session, named: string, config: string | undefined): Promise<string> {
  if (statSync(named, { throwIfNoEntry: false })?.isFile()) return resolve(named);
  if (named.includes('/')) throw new UsageError([`${named}: there is no such file`]);
  const configuration = loadConfiguration(config);
  const meant = imageMeant(configuration, named);
  session.secrets.learn(secretsAsWritten(configuration.section(meant.image)));
  const { outputDir, name, format } = resolveImage(configuration, flavoredName(meant), {}, isoDate(new Date()));
  const { extension } = diskFormats[format];
  const files = await readdir(outputDir).catch(() => []);
  const newest = files
    .filter((file) => file.startsWith(`${name}-`) && dated(extension).test(file.slice(name.length)))
    .sort()
    .at(-1);
  if (newest !== undefined) return join(outputDir, newest);
  throw new UsageError([
    `there is no image of ${name} in ${outputDir} (${name}-DATE.${extension}): build it first, or name a file`,
  ]);
}

const dated = (extension: string) => new RegExp(`^-\\d{4}-\\d{2}-\\d{2}\\.${extension}$`);

/** @throws UsageError for a device that must not be written onto: every reason at once */
async function expectFree(host: Host, device: DeviceTree, image: SourceImage): Promise<void> {
  const { sectorSize } = await readTableKind(host, image);
  const found = obstacles(device);
  if (sectorSize !== undefined && sectorSize !== device['log-sec']) {
    found.push(
      `${device.name} has sectors of ${device['log-sec']} bytes, but the partition table of ${image.path} counts sectors of ${sectorSize}: its partitions would not be found`,
    );
  }
  if (found.length > 0) throw new UsageError(found);
}

/** Asks on the terminal. @throws UsageError where there is none, or the answer is no */
async function confirm(host: Host, image: SourceImage, target: Target, device: DeviceTree | undefined): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError([`${target.path}: no terminal to ask on whether it may be overwritten; give --yes if it may`]);
  }
  const shown = device ? describeDevice(device) : `${target.path}: a file of ${shownSize(target.size)}`;
  const content = device ? describeContent(device) : ['what it holds'];
  const lost =
    content.length > 0 ? `Everything on it will be lost: ${content.join('; ')}.` : 'Nothing is recognised on it.';
  process.stderr.write(`Write ${basename(image.path)} onto\n  ${shown}\n${lost}\n`);
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    // Ctrl-D ends the input without an answer.
    const ended = once(lines, 'close', { signal: host.signal }).then(() => '');
    const answer = await Promise.race([lines.question("Type 'yes' to write: "), ended]).catch((error: unknown) => {
      host.signal.throwIfAborted();
      throw error;
    });
    if (!/^\s*yes\s*$/i.test(answer)) throw new UsageError([`${target.path} was not confirmed: nothing was written`]);
  } finally {
    lines.close();
  }
}

/** @returns the sum of the image, where something beside it says it */
async function check(host: Host, image: SourceImage): Promise<string | undefined> {
  const findings = await verifyImage(host, image.path, { signatureRequired: false });
  const bad = findings.filter(({ outcome }) => outcome === 'bad');
  const beside = findings.filter(({ outcome, about }) => outcome === 'good' && about !== basename(image.path));
  if (beside.length === 0 && bad.every(({ about }) => about === basename(image.path))) {
    host.log.warn(`Nothing beside ${image.path} says what its checksum is: it is written as it is`);
    return undefined;
  }
  if (bad.length > 0) {
    throw new Failure(
      `${image.path} is not what the files beside it say:\n${bad.map(({ about, text }) => `  ${about}: ${text}`).join('\n')}`,
      { hint: 'Download it again, or build it again. Nothing was written.' },
    );
  }
  host.log.info(`${basename(image.path)} matches ${beside.map(({ about }) => about).join(', ')}`);
  const sums = await readFile(`${image.path}.sha256sum`, 'utf8').catch(() => '');
  return parseSums(sums)?.get(basename(image.path));
}

function tell(
  host: Host,
  image: SourceImage,
  target: Target,
  { seconds, verified }: { readonly seconds: number; readonly verified: boolean },
): void {
  const data = image.used.reduce((sum, { start, end }) => sum + end - start, 0);
  const what = `${shownSize(data)} of data of ${shownSize(image.size)}`;
  const read = verified ? ', and read back: the same' : ', and not read back';
  host.log.info(`Wrote ${basename(image.path)} onto ${target.path}: ${what} in ${Math.ceil(seconds)} s${read}`);
}
