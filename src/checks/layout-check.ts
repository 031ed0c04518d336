import { checkImageLayout } from '../layout/image-layout.js';
import { error, warning, type CheckFinding, type Subject } from './subject.js';

/** What is wrong with the layout, on a disk of the image's size. */
export async function layoutCheck({ spec }: Subject): Promise<readonly CheckFinding[]> {
  const checked = await checkImageLayout(spec);
  return checked === undefined ? [] : [...checked.errors.map(error), ...checked.warnings.map(warning)];
}
