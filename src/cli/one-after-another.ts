import { maskUrls } from '../host/mask.js';
import { spokenDuration } from '../report/duration.js';
import { EventStream } from '../report/event-stream.js';
import type { ImageOutcome } from '../report/events.js';
import type { BuildFlags } from './build-flags.js';
import { complain } from './complaints.js';
import { explain } from './explain.js';
import { terminalReader, verbosityOf } from './terminal.js';

/** How the build of one image ended: its exit code, and the image, or the log file of a build that failed. */
export interface Ended {
  readonly exitCode: number;
  readonly file: string | undefined;
  /** Nothing had changed, so nothing was done. */
  readonly isUpToDate?: boolean;
}

/**
 * Builds images one after another, each independently, and prints a table of the results. A failure does not stop the
 * following builds, unless `--fail-fast` is given; an interruption stops all.
 *
 * @returns the worst exit code, in the order 130, 1, 0
 */
export async function oneAfterAnother(
  images: readonly string[],
  flags: Pick<BuildFlags, 'failFast' | 'logFormat' | 'verbose' | 'quiet'>,
  signal: AbortSignal,
  build: (image: string) => Promise<Ended>,
): Promise<number> {
  const outcomes: ImageOutcome[] = [];
  let worst = 0;
  for (const image of images) {
    if (signal.aborted || (flags.failFast && worst > 0)) {
      outcomes.push({ image, outcome: 'not begun', seconds: 0, file: undefined });
      continue;
    }
    const begun = performance.now();
    const ended: Ended = await build(image).catch((error: unknown) => ({
      exitCode: explain(error, complain),
      file: undefined,
    }));
    worst = Math.max(worst, ended.exitCode);
    const seconds = (performance.now() - begun) / 1000;
    outcomes.push({ image, outcome: outcomeOf(ended), seconds, file: ended.file });
  }
  tell(outcomes, flags);
  return worst;
}

export function outcomeOf({ exitCode, isUpToDate }: Ended): ImageOutcome['outcome'] {
  if (exitCode === 0) return isUpToDate ? 'up to date' : 'done';
  return exitCode === 130 ? 'interrupted' : 'failed';
}

export function tell(
  outcomes: readonly ImageOutcome[],
  flags: Pick<BuildFlags, 'logFormat' | 'verbose' | 'quiet'>,
): void {
  const areGood = outcomes.every(({ outcome }) => isGood(outcome));
  if (flags.quiet && areGood) return;
  const log = new EventStream(maskUrls, [terminalReader({ format: flags.logFormat, verbosity: verbosityOf(flags) })]);
  if (flags.logFormat === 'json') {
    log.tell({ event: 'summary', images: outcomes });
    return;
  }
  for (const line of summary(outcomes)) {
    if (areGood) log.info(line);
    else log.warn(line);
  }
  log.close();
}

function isGood(outcome: ImageOutcome['outcome']): boolean {
  return outcome === 'done' || outcome === 'up to date';
}

/** A line with the totals, then a line for each image, in columns. */
export function summary(outcomes: readonly ImageOutcome[]): string[] {
  const done = outcomes.filter(({ outcome }) => isGood(outcome)).length;
  const rows = outcomes.map(({ image, outcome, seconds, file, because }) => [
    image,
    outcome,
    outcome === 'not begun' || outcome === 'skipped' ? '' : spokenDuration(seconds),
    because === undefined ? (file ?? '') : `${because} failed`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return [
    `${done} of ${outcomes.length} images done`,
    ...rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()),
  ];
}
