import { expect } from 'chai';
import { withBundles, type BundleRecord } from './record.js';

describe('the list of bundles', () => {
  const record = (target: string) =>
    ({ target, files: [{ name: `web-2026-01-02.${target}`, bytes: 1, sha256: '00' }] }) as unknown as BundleRecord;
  const ofImage = { image: 'web', source: { name: 'web-2026-01-02.qcow2', sha256: 'aa' } };
  const targetsOf = ({ bundles }: { bundles: readonly BundleRecord[] }) => bundles.map(({ target }) => target);

  it('keeps the other bundles of the image, also where one of them is the source', () => {
    const first = withBundles(undefined, ofImage, [record('vhd'), record('oci')]);
    expect(targetsOf(withBundles(first, ofImage, [record('vdi'), record('vhd')]))).to.deep.equal(['oci', 'vdi', 'vhd']);
    const ofBundle = { image: 'web', source: { name: 'web-2026-01-02.vhd' } };
    const more = withBundles(first, ofBundle, [record('ova')]);
    expect(targetsOf(more)).to.deep.equal(['vhd', 'oci', 'ova']);
    expect(more.source).to.deep.equal(ofImage.source);
  });

  it('begins anew where the image is another one', () => {
    const first = withBundles(undefined, ofImage, [record('vhd')]);
    const rebuilt = { image: 'web', source: { name: 'web-2026-01-02.qcow2', sha256: 'bb' } };
    expect(targetsOf(withBundles(first, rebuilt, [record('oci')]))).to.deep.equal(['oci']);
  });
});
