import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Turns } from './turns.js';

describe('Turns', () => {
  it('lets no more happen at a time than there are places, and keeps the order', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      [1, 2, 3, 4, 5].map((number) =>
        turns.take(async () => {
          begun.push(number);
          most = Math.max(most, ++running);
          await sleep(5);
          running--;
        }),
      ),
    );
    expect(most).to.equal(2);
    expect(begun).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('gives on the place of what failed', async () => {
    const turns = new Turns(1);
    const failed = turns.take(() => Promise.reject(new Error('no'))).catch((error: Error) => error.message);
    expect(await turns.take(() => Promise.resolve('done'))).to.equal('done');
    expect(await failed).to.equal('no');
  });
});
