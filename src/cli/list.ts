import type { Section } from '../config/configuration.js';
import { loadConfiguration } from './configuration.js';
import { distributionOf } from '../config/distribution.js';
import { answerFileKinds } from '../config/image-spec.js';
import { UsageError } from '../host/failure.js';

export interface ListFlags {
  readonly config?: string;
  /** Only the names. */
  readonly names?: boolean;
  readonly json?: boolean;
}

/** The shipped images whose installation was run to its end; docs/distributions.md says with what. */
export const installedForReal: ReadonlySet<string> = new Set(['demo', 'debian-13']);

/**
 * Prints the images, one a line, in columns: name, distribution, kind of answer file, for shipped ones whether they were
 * installed for real; or as JSON.
 */
export function list({ config, names, json }: ListFlags): void {
  const configuration = loadConfiguration(config);
  if (names) {
    for (const name of configuration.imageNames()) console.log(name);
    return;
  }
  const images = configuration.imageNames().map((name) => {
    const section = configuration.section(name);
    const ships = !configuration.isOwn(name);
    return {
      name,
      distribution: value(section, 'distribution') ?? distributionOf(name),
      answerFile: answerFileKinds.find((kind) => value(section, kind)) ?? 'none',
      ships,
      ...(ships && { installedForReal: installedForReal.has(name) }),
    };
  });
  if (json) {
    console.log(JSON.stringify({ images }, undefined, 2));
    return;
  }
  const rows = images.map(({ name, distribution, answerFile, installedForReal: installed }) => [
    name,
    distribution,
    answerFile,
    installed === undefined ? '' : installed ? 'tried' : 'not tried',
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

/** An option as text. One that can't be resolved is listed as written. */
function value({ name, document }: Section, option: string): string | undefined {
  try {
    return document.get(name, option) || undefined;
  } catch (error) {
    if (error instanceof UsageError) return document.raw(name, option)?.value;
    throw error;
  }
}
