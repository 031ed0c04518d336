import type { LayoutDocument } from './document.js';
import { planLayout } from './plan.js';

/** The largest disk to try: 64 TiB. */
const largest = 2 ** 46;

/**
 * A size for disks that the document gives none, in bytes: the usual one, or the first power of two of GiB above on which
 * everything fits.
 */
export function assumedSize(document: LayoutDocument, usual: number): number {
  const known = document.findings.length;
  const fits = (imageSize: number) => planLayout(document, { imageSize }).findings.length === known;
  for (let size = usual; size <= largest; size = nextPower(size)) if (fits(size)) return size;
  return usual;
}

function nextPower(size: number): number {
  return 2 ** (Math.floor(Math.log2(size)) + 1);
}
