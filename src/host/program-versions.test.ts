import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { programVersions } from './program-versions.js';

describe('the versions of programs', () => {
  it('are asked in the way of each program, and come in the order of the names', async () => {
    const versions = await programVersions(testHost(), ['tar', 'mke2fs', 'debugfs', 'ssh-keygen', 'cp']);
    expect(Object.keys(versions)).to.deep.equal(['cp', 'debugfs', 'mke2fs', 'tar']);
    expect(versions)
      .to.have.property('mke2fs')
      .that.matches(/^mke2fs 1\.\d+/);
    expect(versions)
      .to.have.property('tar')
      .that.matches(/^tar .* 1\.\d+/);
  });
});
