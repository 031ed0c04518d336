import { expect } from 'chai';
import { whileCollecting } from '../../test/support/collecting.js';
import { TimeLimit, TimeOver } from './time-limit.js';

describe('TimeLimit', () => {
  it('aborts its signal when the time is over', async () => {
    const limit = new TimeLimit(20);
    await new Promise((aborted) => limit.signal.addEventListener('abort', aborted));
    expect(limit.reached).to.be.true;
    expect(limit.signal.reason).to.be.instanceOf(TimeOver).with.property('message', 'not done within 0.02 seconds');
  });

  it('is aborted with any other signal, for its reason, also with one that is aborted already', () => {
    const reason = new Error('stop');
    for (const before of [true, false]) {
      const other = new AbortController();
      if (before) other.abort(reason);
      const limit = new TimeLimit(60_000, new AbortController().signal, other.signal);
      other.abort(reason);
      expect(limit.signal.reason).to.equal(reason);
      expect(limit.reached).to.be.false;
    }
  });

  it('is not reached any more once it was ended', async () => {
    const limit = new TimeLimit(5);
    limit.end();
    await new Promise((later) => setTimeout(later, 20));
    expect(limit.signal.aborted).to.be.true;
    expect(limit.reached).to.be.false;
  });

  it('takes a time that is longer than timers can wait', async () => {
    const limit = new TimeLimit(2 ** 40);
    await new Promise((later) => setTimeout(later, 20));
    expect(limit.signal.aborted).to.be.false;
    limit.end();
  });

  it('fires where nothing but its signal is held, whatever is collected', async () => {
    const script = `
      const wait = () => {
        const { signal } = new TimeLimit(500, new AbortController().signal);
        return new Promise((aborted) => signal.addEventListener('abort', () => aborted(String(signal.reason))));
      };
      console.log(await wait());`;
    expect(await whileCollecting({ TimeLimit: 'src/host/time-limit.ts' }, script)).to.equal(
      'TimeOver: not done within 0.5 seconds',
    );
  });
});
