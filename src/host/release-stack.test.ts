import { expect } from 'chai';
import { Interrupted, NotReleased } from './failure.js';
import { ReleaseStack } from './release-stack.js';
import { recordedLog, rejection } from '../../test/support/host.js';

describe('ReleaseStack', () => {
  it('gives back in reverse order, and each thing once', async () => {
    const stack = new ReleaseStack();
    const given: string[] = [];
    for (const what of ['lock', 'directory', 'domain']) stack.hold(what, () => void given.push(what));
    await stack.releaseAll(recordedLog());
    await stack.releaseAll(recordedLog());
    expect(given).to.deep.equal(['domain', 'directory', 'lock']);
  });

  it('gives one thing back early', async () => {
    const stack = new ReleaseStack();
    const given: string[] = [];
    const removeDomain = stack.hold('domain', () => void given.push('domain'));
    stack.hold('mount', () => void given.push('mount'));
    await removeDomain();
    await removeDomain();
    expect(given).to.deep.equal(['domain']);
    await stack.releaseAll(recordedLog());
    expect(given).to.deep.equal(['domain', 'mount']);
    await removeDomain();
    expect(given).to.have.length(2);
  });

  /** One that does not make a test wait. */
  const patient = (pauses: readonly number[] = [1, 1]) => new ReleaseStack({ pauses, timeLimit: 60_000 });

  it('tries again what fails, then names it, with the command that releases it, and goes on with the others', async () => {
    const stack = patient();
    const log = recordedLog();
    let released = false;
    let attempts = 0;
    stack.hold('the lock', () => void (released = true));
    stack.hold('the mount /mnt', () => Promise.reject(new Error('target is busy')), 'umount /mnt');
    stack.hold('the domain x', () => {
      if (++attempts < 3) throw new Error('no connection');
    });
    const left = await stack.releaseAll(log);
    expect(left).to.deep.equal([{ what: 'the mount /mnt', why: 'target is busy', byHand: 'umount /mnt' }]);
    expect(released).to.be.true;
    expect(log.lines).to.deep.equal([
      'debug: Releasing the domain x',
      'warn: Could not release the domain x, trying again: no connection',
      'warn: Could not release the domain x, trying again: no connection',
      'debug: Releasing the mount /mnt',
      'warn: Could not release the mount /mnt, trying again: target is busy',
      'warn: Could not release the mount /mnt, trying again: target is busy',
      'debug: Releasing the lock',
    ]);
  });

  it('keeps what could not be released, for a later attempt', async () => {
    const stack = patient([]);
    const given: string[] = [];
    let busy = true;
    const unmount = stack.hold('mount', () => {
      if (busy) throw new Error('target is busy');
      given.push('mount');
    });
    stack.hold('domain', () => void given.push('domain'));
    expect(await rejection(unmount())).to.have.property('message', 'target is busy');
    expect(await stack.releaseAll(recordedLog())).to.have.length(1);
    expect(given).to.deep.equal(['domain']);
    busy = false;
    expect(await stack.releaseAll(recordedLog())).to.deep.equal([]);
    expect(given).to.deep.equal(['domain', 'mount']);
  });

  it('does not wait for ever for a release that never ends, and does not begin it twice', async () => {
    const stack = new ReleaseStack({ pauses: [1, 1], timeLimit: 20 });
    let begun = 0;
    stack.hold('the mount', () => (begun++, new Promise<void>(() => undefined)));
    expect(await stack.releaseAll(recordedLog())).to.deep.equal([
      { what: 'the mount', why: 'not done within 0.02 seconds', byHand: undefined },
    ]);
    expect(begun).to.equal(1);
  });

  it('tells each release what could not be released before it', async () => {
    const stack = patient([]);
    const told: string[][] = [];
    stack.hold('directory', (unreleased) => void told.push(unreleased.map(({ what }) => what)));
    stack.hold('domain', () => Promise.reject(new Error('no connection')));
    await stack.releaseAll(recordedLog());
    expect(told).to.deep.equal([['domain']]);
  });

  describe('after', () => {
    const cause = new Interrupted('SIGINT');
    it('fails as the action does, where all is released', async () => {
      const stack = patient();
      stack.hold('domain', () => undefined);
      expect(await rejection(stack.after(recordedLog(), () => Promise.reject(cause)))).to.equal(cause);
    });

    it('says what is left as well, where something is', async () => {
      const stack = patient([]);
      stack.hold('domain', () => Promise.reject(new Error('no connection')));
      const error = await rejection(stack.after(recordedLog(), () => Promise.reject(cause)));
      expect(error).to.be.instanceOf(NotReleased).with.property('cause', cause);
    });

    it('warns of what is left when the action succeeded', async () => {
      const stack = patient([]);
      const log = recordedLog();
      stack.hold('the mount /mnt', () => Promise.reject(new Error('busy')), 'umount /mnt');
      expect(await stack.after(log, () => Promise.resolve('done'))).to.equal('done');
      expect(log.lines.at(-1)).to.equal('warn: Could not release the mount /mnt: busy\nTo release it: umount /mnt');
    });
  });

  it('gives back what a release takes itself', async () => {
    const stack = new ReleaseStack();
    const given: string[] = [];
    stack.hold('outer', () => void stack.hold('inner', () => void given.push('inner')));
    await stack.releaseAll(recordedLog());
    expect(given).to.deep.equal(['inner']);
  });
});
