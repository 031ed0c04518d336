import { maskUrls, type Mask } from '../host/mask.js';
import { visible } from '../report/visible.js';

/** What stands on standard error beside a log: text, until JSON is asked for. */
let format: 'text' | 'json' = 'text';

const masks: Mask[] = [maskUrls];

/** Lets all complaints be events of the log, as `--log-format json` promises of everything on standard error. */
export function complainInJson(): void {
  format = 'json';
}

/** Masks in complaints what this mask knows, now and later. */
export function alsoMask(mask: Mask): void {
  masks.push(mask);
}

/** Says on standard error what goes wrong where no log does. */
export function complain(message: string): void {
  const masked = masks.reduce((text, mask) => mask(text), message);
  if (format === 'text') return console.error(`image-factory: ${visible(masked)}`);
  console.error(JSON.stringify({ time: new Date().toISOString(), event: 'log', level: 'error', message: masked }));
}

/** Whether a command line asks for JSON, also one that can't be understood otherwise. */
export function asksForJson(words: readonly string[]): boolean {
  const operands = words.indexOf('--');
  const options = operands < 0 ? words : words.slice(0, operands);
  return options.some(
    (word, index) => word === '--log-format=json' || (word === 'json' && options[index - 1] === '--log-format'),
  );
}
