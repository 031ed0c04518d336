import { setImmediate as letOthersRun } from 'node:timers/promises';

/**
 * Makes the next item of a source while the last one is used: a chunk is read and hashed while a program compresses the one
 * before it. Whoever takes an item begins with it at once; then the source is asked for the next one.
 *
 * The source is asked for an item before the one that it gave last is done with.
 */
export async function* ahead<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]();
  try {
    let next = items.next();
    for (;;) {
      const item = await next;
      if (item.done === true) return;
      next = letOthersRun().then(() => items.next());
      // It is awaited in the next turn, which there may be none of.
      next.catch(() => undefined);
      yield item.value;
    }
  } finally {
    await items.return?.();
  }
}
