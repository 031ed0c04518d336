import { distance } from 'fastest-levenshtein';

/** ` (did you mean 'image-size'?)` where a known word is near enough to have been meant, otherwise nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? '' : ` (did you mean '${nearest}'?)`;
}

/**
 * The nearest of the known words, if at most a third of its letters would have to change. Two neighbours in the wrong
 * order, the commonest slip of all, count as one letter.
 */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  const typed = word.toLowerCase();
  const [nearest] = [...known]
    .map((candidate) => ({ candidate, changes: changes(typed, candidate.toLowerCase()) }))
    .filter(({ candidate, changes }) => changes <= Math.floor(candidate.length / 3))
    .sort((one, other) => one.changes - other.changes);
  return nearest?.candidate;
}

function changes(word: string, known: string): number {
  const swapped = [...word.slice(1)].map((letter, at) => word.slice(0, at) + letter + word[at] + word.slice(at + 2));
  return Math.min(distance(word, known), ...swapped.map((other) => distance(other, known) + 1));
}
