import { UsageError } from '../../src/host/failure.js';
import type { Layout } from '../../src/layout/layout.js';
import { parseLayout } from '../../src/layout/parse.js';
import { planLayout } from '../../src/layout/plan.js';

export const GiB = 2 ** 30;

/** A layout that must have no errors. */
export function planned(text: string, imageSize = 10 * GiB): Layout {
  const { layout, findings } = planLayout(parseLayout(text, 'my.yaml'), { imageSize });
  const errors = findings.filter(({ weight }) => weight === 'error');
  if (errors.length > 0) throw new UsageError(errors.map(({ line, message }) => `${line}: ${message}`));
  return layout;
}

/** Everything that is wrong with a layout: `5: message` for an error, with the weight before it for others. */
export function problems(text: string, imageSize = 10 * GiB): string[] {
  const { findings } = planLayout(parseLayout(text, 'my.yaml'), { imageSize });
  return findings.map(
    ({ weight, line, message }) => `${weight === 'error' ? '' : `${weight} `}${line ?? '-'}: ${message}`,
  );
}

/** `1 root 2048+4096` of each partition of the first disk: number, name, start and size in sectors. */
export function partitions({ disks }: Layout): string[] {
  return (disks[0]?.partitions ?? []).map(({ number, name, start, size }) => `${number} ${name} ${start}+${size}`);
}
