import type { Mask } from '../host/mask.js';
import type { Reporter } from './reporter.js';

/** A reporter that never learns a secret: everything is masked before it is told. */
export function masking(reporter: Reporter, mask: Mask): Reporter {
  return {
    ...reporter,
    debug: (message) => reporter.debug(mask(message)),
    info: (message) => reporter.info(mask(message)),
    warn: (message) => reporter.warn(mask(message)),
    error: (message) => reporter.error(mask(message)),
    progress: ({ text, fraction }) => reporter.progress({ text: mask(text), fraction }),
  };
}
