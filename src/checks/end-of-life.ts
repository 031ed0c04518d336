import { supportEnded } from '../config/end-of-life.js';
import { placeOf, warning, type Check } from './subject.js';

/** Warns of a release that gets no security updates any more. */
export const endOfLife: Check = (subject) => {
  const { endOfLife: lastDay, endOfLifeSource: source } = subject.spec;
  if (!supportEnded(lastDay)) return [];
  const by = source === undefined || source === '' ? '' : ` (${source})`;
  return [
    warning(
      `${placeOf(subject, 'end-of-life')}: the release's support has ended${by}: it gets no security updates, and mirrors drop it; take a newer one`,
    ),
  ];
};
