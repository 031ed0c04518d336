import { UsageError } from './failure.js';

/**
 * SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/): seconds since 1970, or undefined where it
 * is not set.
 *
 * @throws UsageError if it is anything else
 */
export function sourceDateEpoch(text = process.env.SOURCE_DATE_EPOCH): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new UsageError([`SOURCE_DATE_EPOCH=${text}: expected seconds since 1970`]);
}
