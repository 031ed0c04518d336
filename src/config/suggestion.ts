import { closest, distance } from 'fastest-levenshtein';

/** ` (did you mean 'image-size'?)` where a known word is near enough to have been meant, otherwise nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? '' : ` (did you mean '${nearest}'?)`;
}

/** The nearest of the known words, if at most a third of its letters would have to change. */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  const candidates = [...known];
  if (candidates.length === 0) return undefined;
  const nearest = closest(
    word.toLowerCase(),
    candidates.map((candidate) => candidate.toLowerCase()),
  );
  const allowed = Math.floor(nearest.length / 3);
  if (distance(word.toLowerCase(), nearest) > allowed) return undefined;
  return candidates.find((candidate) => candidate.toLowerCase() === nearest);
}
