import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import * as type from '../config/option-types.js';
import { didYouMean } from '../config/suggestion.js';
import { checkImage, repairImage, type ImageCheck } from '../golden/check-image.js';
import { rulesWithout, type Told } from '../golden/check.js';
import { rules as allRules } from '../golden/rules.js';
import { byRule, counted, isGolden } from '../golden/summary.js';
import { UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { silentLog } from '../host/log.js';
import { visible } from '../report/visible.js';
import { filesOf } from './built-images.js';
import { namedImages } from './image-names.js';
import { untilSignalled } from './signals.js';

export interface CheckFlags {
  readonly config?: string;
  readonly outputDir?: string;
  readonly fix?: string;
  readonly except?: readonly string[];
  readonly rootPartition?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** The result for one image. */
interface Checked {
  readonly image: string;
  /** Whether nothing was found, but for notes. */
  readonly golden: boolean;
  readonly findings: readonly Told[];
  /** With `--fix`: the copy, and what is repaired in it. */
  readonly copy?: string;
  readonly repaired?: readonly Told[];
}

/** Checks what machines from an image would share or carry along, and prints what is found; exit code 1 if there is anything. */
export async function check(named: readonly string[], flags: CheckFlags): Promise<void> {
  const excepted = expectRules(flags.except ?? []);
  const how: Omit<ImageCheck, 'rules'> = {
    scratch: tmpdir(),
    ...(flags.rootPartition !== undefined && { rootPartition: volumeId(flags.rootPartition) }),
  };
  const files = filesOf(namedImages(named), flags);
  const archives = files.filter(({ file }) => /\.tar(?:\.\w+)?$/.test(file));
  if (archives.length > 0) {
    throw new UsageError(
      archives.map(
        ({ file }) =>
          `${file}: an archive of files, and 'check' looks at disks; its tree was repaired before it was archived`,
      ),
    );
  }
  const [only, ...more] = files;
  if (flags.fix !== undefined && more.length > 0)
    throw new UsageError(['--fix makes a copy of one image: name only one']);
  const all: Checked[] = [];
  for (const { file, except } of files) {
    const rules = rulesWithout([...excepted, ...except]);
    const checked = await untilSignalled((signal) =>
      checkOne({ log: warnings, signal }, file, { ...how, rules }, flags.fix),
    );
    all.push(checked);
    if (!checked.golden) process.exitCode = 1;
    if (!flags.json && !(flags.quiet && checked.golden)) tell(checked, rules.length, flags.quiet ?? false);
  }
  if (only !== undefined && flags.json) console.log(JSON.stringify({ images: all }, undefined, 2));
}

const warnings = {
  ...silentLog,
  warn: (message: string) => void console.error(`image-factory: warning: ${visible(message)}`),
};

async function checkOne(host: Caller, image: string, how: ImageCheck, copy: string | undefined): Promise<Checked> {
  if (copy === undefined) {
    const findings = await checkImage(host, image, how);
    return { image, golden: isGolden(findings), findings };
  }
  const { repaired, left } = await repairImage(host, image, resolve(copy), how);
  return { image, golden: isGolden(left), findings: left, copy, repaired };
}

function expectRules(names: readonly string[]): readonly string[] {
  const known = allRules.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return names;
  throw new UsageError(
    unknown.map(
      (name) => `--except ${name}: there is no such rule${didYouMean(name, known)}; image-factory.conf(5) lists them`,
    ),
  );
}

function volumeId(text: string): string {
  try {
    return type.volume.parse(text);
  } catch (error) {
    throw new UsageError([`--root-partition ${text}: expected ${(error as Error).message}`]);
  }
}

function tell({ image, golden, findings, copy, repaired = [] }: Checked, count: number, quiet: boolean): void {
  for (const rule of byRule(repaired)) print('repaired', rule.heading, rule.places);
  const told = quiet ? findings.filter(({ level }) => level !== 'note') : findings;
  for (const { level, heading, places, because } of byRule(told)) print(level, heading, [...places, because]);
  const subject = copy === undefined ? image : `${copy}, the repaired copy of ${image}`;
  console.log(visible(`${subject}: ${golden ? 'golden' : 'NOT GOLDEN'} (${count} rules; found ${counted(findings)})`));
}

function print(word: string, heading: string, lines: readonly string[]): void {
  console.log(visible(`  ${word.padEnd(8)}  ${heading}`));
  for (const line of lines) console.log(visible(`            ${line}`));
}
