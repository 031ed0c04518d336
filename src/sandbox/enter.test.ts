import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { whyNoNamespaces } from './enter.js';

describe('namespaces', () => {
  it('are tried by one process once, however many images it builds', async () => {
    const answer = await whyNoNamespaces(testHost());
    const host = testHost();
    expect(await whyNoNamespaces(host)).to.equal(answer);
    expect(host.log.lines).to.deep.equal([], 'no program is called');
  });
});
