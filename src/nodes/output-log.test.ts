import { expect } from 'chai';
import type { Log } from '../host/log.js';
import { mostLogged, outputLog } from './output-log.js';

describe('what a program in a tree says', () => {
  it('is in the log up to a size, and shown as progress now and then', () => {
    const told = { debug: 0, warn: [] as string[], progress: 0 };
    const log: Log = {
      debug: (message) => void (told.debug += message.length + 1),
      info: () => undefined,
      warn: (message) => void told.warn.push(message),
      error: () => undefined,
      progress: () => void told.progress++,
      finding: () => undefined,
    };
    const take = outputLog(log, 'loud.sh');
    const line = 'x'.repeat(99);
    for (let count = 0; count < (2 * mostLogged) / 100; count++) take(line);
    expect(told.debug).to.be.within(mostLogged, mostLogged + 100);
    expect(told.warn).to.deep.equal(['loud.sh says more than 4 MiB: the log leaves the rest out']);
    expect(told.progress).to.be.within(1, 1000);
  });
});
