import { expect } from 'chai';
import { addedToVirtInstall, documentedDifferences, expectDocumented } from './differences.js';

describe('docs/migrating.md', () => {
  it('gives the reason of every deliberate difference', () => {
    const rows = documentedDifferences();
    expect(rows.length).to.be.greaterThan(40);
    for (const { before, now, reason } of rows) {
      expect(before, `${before} | ${now}`).not.to.equal('');
      expect(now, `${before} | ${now}`).not.to.equal('');
      expect(reason, `${before} | ${now}`).not.to.equal('');
    }
  });

  it('names what virt-install is asked for in addition', () => {
    for (const { documented } of Object.values(addedToVirtInstall)) expectDocumented(documented);
  });

  it('would be found out if it kept quiet', () => {
    expect(() => expectDocumented('moon phase')).to.throw('docs/migrating.md has no difference');
  });
});
