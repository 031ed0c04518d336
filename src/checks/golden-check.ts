import { didYouMean } from '../config/suggestion.js';
import { rules } from '../golden/rules.js';
import { error, placeOf, type Check } from './subject.js';

/** Names in `golden-except` that no rule has: the rule that was meant would count. */
export const goldenExceptions: Check = (subject) => {
  const known = rules.map(({ name }) => name);
  const unknown = subject.spec.goldenExcept.filter((name) => !known.includes(name));
  return unknown.map((name) =>
    error(
      `${placeOf(subject, 'golden-except')}: there is no rule '${name}'${didYouMean(name, known) || (/\s/.test(name) ? "; several are separated by commas: 'a, b'" : '')}`,
    ),
  );
};
