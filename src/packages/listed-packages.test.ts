import { expect } from 'chai';
import { changeLine, differencesOf } from './differences.js';
import { listedPackages } from './listed-packages.js';

describe('the packages that a file lists', () => {
  const manifest = (packages: object[]) => JSON.stringify({ schemaVersion: 1, packages });
  const curl = { name: 'curl', version: '8.1', architecture: 'amd64' };

  it('are those of a manifest or an SBOM', () => {
    const purl = 'pkg:deb/debian/curl@8.1?arch=amd64&distro=debian-13';
    const components = [
      { type: 'operating-system', name: 'debian' },
      { name: 'curl', version: '8.1', purl },
    ];
    expect(listedPackages(manifest([curl]), 'm')).to.deep.equal([curl]);
    expect(listedPackages(JSON.stringify({ bomFormat: 'CycloneDX', components }), 's')).to.deep.equal([
      { ...curl, source: purl },
    ]);
    expect(() => listedPackages('{}', 'x.json')).to.throw('x.json is neither a package lock nor a manifest');
  });

  it('are compared: added, removed, changed', () => {
    const before = listedPackages(manifest([curl, { ...curl, name: 'less' }]), 'a');
    const after = listedPackages(
      manifest([
        { ...curl, version: '8.2' },
        { ...curl, name: 'vim' },
      ]),
      'b',
    );
    expect(differencesOf(before, after).map((each) => changeLine(each).join(' ').trim())).to.deep.equal([
      '~ curl 8.1 -> 8.2',
      '- less 8.1',
      '+ vim 8.1',
    ]);
  });
});
