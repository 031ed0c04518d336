import { expect } from 'chai';
import { ReleaseStack } from './release-stack.js';
import { recordedLog } from '../../test/support/host.js';

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

  it('reports a release that fails, and goes on with the others', async () => {
    const stack = new ReleaseStack();
    const log = recordedLog();
    let released = false;
    stack.hold('the lock', () => void (released = true));
    stack.hold('the mount /mnt', () => Promise.reject(new Error('target is busy')));
    stack.hold('the domain x', () => {
      throw new Error('no connection');
    });
    await stack.releaseAll(log);
    expect(released).to.be.true;
    expect(log.lines).to.deep.equal([
      'debug: Releasing the domain x',
      'warn: Could not release the domain x: no connection',
      'debug: Releasing the mount /mnt',
      'warn: Could not release the mount /mnt: target is busy',
      'debug: Releasing the lock',
    ]);
  });

  it('gives back what a release takes itself', async () => {
    const stack = new ReleaseStack();
    const given: string[] = [];
    stack.hold('outer', () => void stack.hold('inner', () => void given.push('inner')));
    await stack.releaseAll(recordedLog());
    expect(given).to.deep.equal(['inner']);
  });
});
