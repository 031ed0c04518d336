import { expect } from 'chai';
import { companions, imageAlone, published, type Wanted } from './published.js';
import { artifactNames } from './table.js';

describe('what a build publishes', () => {
  const files = artifactNames('a-2026-01-02', 'a-2026-01-02.qcow2');
  const plain: Wanted = { sbom: false, manifest: true, provenance: false, signing: undefined };

  it('is the image, what describes it, and its checksum', () => {
    expect(published(files, plain)).to.deep.equal([
      'a-2026-01-02.qcow2',
      'a-2026-01-02.manifest.json',
      'a-2026-01-02.qcow2.sha256sum',
    ]);
  });

  it('ends with what vouches for the rest', () => {
    expect(published(files, { ...plain, signing: 'gpg' }).slice(2)).to.deep.equal([
      'a-2026-01-02.qcow2.sha256sum',
      'a-2026-01-02.SHA256SUMS',
      'a-2026-01-02.qcow2.sha256sum.asc',
      'a-2026-01-02.SHA256SUMS.asc',
    ]);
  });

  it('is at least the image and its checksum', () => {
    expect(imageAlone(files)).to.deep.equal(['a-2026-01-02.qcow2', 'a-2026-01-02.qcow2.sha256sum']);
  });

  it('replaces whatever may speak of an earlier image of the name', () => {
    const everything: Wanted[] = (['gpg', 'ssh'] as const).map((signing) => ({
      ...{ sbom: true, manifest: true, provenance: true },
      signing,
    }));
    const may = new Set(everything.flatMap((wanted) => published(files, wanted)));
    may.delete(files.image);
    expect(companions(files)).to.have.members([...may]);
    expect(companions(files).at(0), 'signatures go first').to.match(/\.(asc|sig)$/);
  });
});
