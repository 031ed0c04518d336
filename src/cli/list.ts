import { Configuration, type Section } from '../config/configuration.js';
import { distributionOf } from '../config/distribution.js';
import { answerFileKinds } from '../config/image-spec.js';
import { UsageError } from '../host/failure.js';

/** Prints the images, one a line, in columns: name, distribution, kind of answer file. */
export function list({ config }: { config?: string }): void {
  const configuration = Configuration.load(config);
  const rows = configuration.imageNames().map((name) => {
    const section = configuration.section(name);
    return [
      name,
      value(section, 'distribution') ?? distributionOf(name),
      answerFileKinds.find((kind) => value(section, kind)) ?? 'none',
    ];
  });
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

/** An option as text; what can't be resolved does not keep the other images from being listed. */
function value({ name, document }: Section, option: string): string | undefined {
  try {
    return document.get(name, option) || undefined;
  } catch (error) {
    if (error instanceof UsageError) return document.raw(name, option)?.value;
    throw error;
  }
}
