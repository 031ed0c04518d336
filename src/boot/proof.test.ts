import { expect } from 'chai';
import { expandTokens } from './proof.js';

describe('expandTokens', () => {
  const tokens = { h: '127.0.0.1', p: '40022' };

  it('puts in host and port wherever they stand in a word', () => {
    expect(expandTokens(['ssh', '-p', '%p', 'root@%h'], tokens)).to.deep.equal([
      'ssh',
      '-p',
      '40022',
      'root@127.0.0.1',
    ]);
  });

  it('leaves other percent signs alone, and makes one of two', () => {
    expect(expandTokens(['date', '+%Y', '100%', '%%p'], tokens)).to.deep.equal(['date', '+%Y', '100%', '%p']);
  });
});
