import { expect } from 'chai';
import { askedInVain } from './asked-in-vain.js';

describe('packages that an installer asked for in vain', () => {
  it('are those that apt did not find, each once', () => {
    const log = `Nov 26 22:40:01 in-target: Reading package lists...
Nov 26 22:40:02 in-target: E: Unable to locate package os-prober
Nov 26 22:41:02 in-target: E: Package 'laptop-detect' has no installation candidate
Nov 26 22:42:02 in-target: E: Unable to locate package os-prober
Nov 26 22:43:02 in-target: Setting up grub-pc (2.12-9+deb13u1) ...
`;
    expect(askedInVain(log)).to.deep.equal(['laptop-detect', 'os-prober']);
  });
});
