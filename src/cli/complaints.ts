import { maskUrls, type Mask } from '../host/mask.js';
import { visible } from '../report/visible.js';

/** The format of messages on standard error outside a log. */
let format: 'text' | 'json' = 'text';

const masks: Mask[] = [maskUrls];

/** Prints all further messages as events: with `--log-format json`, everything on standard error is JSON. */
export function complainInJson(): void {
  format = 'json';
}

/** Masks the secrets that this mask knows, now and later, in all messages. */
export function alsoMask(mask: Mask): void {
  masks.push(mask);
}

/** Prints an error to standard error, for errors outside a log. */
export function complain(message: string): void {
  const masked = masks.reduce((text, mask) => mask(text), message);
  if (format === 'text') return console.error(`image-factory: ${visible(masked)}`);
  console.error(JSON.stringify({ time: new Date().toISOString(), event: 'log', level: 'error', message: masked }));
}

/** Whether a command line asks for JSON. Also works for one with errors in other arguments. */
export function asksForJson(words: readonly string[]): boolean {
  const operands = words.indexOf('--');
  const options = operands < 0 ? words : words.slice(0, operands);
  return options.some(
    (word, index) => word === '--log-format=json' || (word === 'json' && options[index - 1] === '--log-format'),
  );
}
