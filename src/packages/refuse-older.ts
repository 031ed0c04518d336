import { Failure } from '../host/failure.js';
import type { IndexRecord } from './apt/indexes.js';

/** @throws Failure where a mirror shows a suite as it was before the lock: replayed, or left behind */
export function refuseOlder(indexes: readonly IndexRecord[], before: readonly IndexRecord[]): void {
  for (const { suite, date } of indexes) {
    const known = before.find((each) => each.suite === suite);
    if (known === undefined || !(Date.parse(date) < Date.parse(known.date))) continue;
    throw new Failure(
      `InRelease of ${suite} is older than the one that the lock was made with: it is of ${date}, and the lock knows ${known.date}`,
      {
        hint: 'The mirror lags behind, or somebody replays an old state of it. Ask another mirror, or remove the lock.',
      },
    );
  }
}
