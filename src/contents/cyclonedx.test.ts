import { expect } from 'chai';
import { cycloneDx, sumsInCycloneDx, type SbomInput } from './cyclonedx.js';
import type { InstalledPackages } from './packages.js';
import { cycloneDxErrors } from '../../test/support/documents.js';

const input: SbomInput = {
  name: 'debian-13',
  image: { name: 'debian-13-2026-11-21.qcow2', bytes: 1000, sha256: 'ab'.repeat(32) },
  inventory: {
    distribution: { id: 'debian', version: '13', name: 'Debian GNU/Linux 13 (trixie)' },
    kernels: ['6.12.1-amd64'],
    installed: {
      format: 'deb',
      packages: [
        { name: 'apt', version: '3.0.3', architecture: 'amd64' },
        { name: 'libstdc++6', version: '14.2.0-19', architecture: 'amd64', source: 'gcc-14' },
        { name: 'vim', version: '2:9.1.1230-2', architecture: 'all' },
      ],
    },
  },
  toolVersion: '2.0.0',
  time: new Date('2026-11-21T10:00:00Z'),
};

const having = (installed: InstalledPackages, id: string, version?: string): SbomInput => ({
  ...input,
  inventory: {
    ...input.inventory,
    distribution: { id, ...(version === undefined ? {} : { version }), name: id },
    installed,
  },
});

interface Sbom {
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp: string };
  readonly components: readonly { readonly purl?: string }[];
  readonly compositions?: unknown;
}
const sbom = (of: SbomInput): Sbom => cycloneDx(of) as Sbom;
const purls = (of: SbomInput) => sbom(of).components.flatMap(({ purl }) => purl ?? []);

describe('cycloneDx', () => {
  it('is valid by the official schema of CycloneDX 1.6, which finds what is not', async () => {
    expect(await cycloneDxErrors(cycloneDx(input))).to.equal(null);
    expect(await cycloneDxErrors({ ...cycloneDx(input), serialNumber: 'urn:uuid:1' })).not.to.equal(null);
  });

  it('names each package by its package URL', () => {
    expect(purls(input)).to.deep.equal([
      'pkg:deb/debian/apt@3.0.3?arch=amd64&distro=debian-13',
      'pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=debian-13',
      'pkg:deb/debian/vim@2:9.1.1230-2?arch=all&distro=debian-13',
    ]);
    const rpm = { name: 'bind', version: '32:9.18-1.fc40', architecture: 'x86_64' };
    expect(purls(having({ format: 'rpm', packages: [rpm] }, 'fedora', '40'))).to.deep.equal([
      'pkg:rpm/fedora/bind@9.18-1.fc40?arch=x86_64&distro=fedora-40&epoch=32',
    ]);
  });

  it('is the same for the same image but for its time, and another for another', () => {
    const later = sbom({ ...input, time: new Date('2027-01-01T00:00:00Z') });
    expect(later).not.to.deep.equal(sbom(input));
    expect({ ...later, metadata: { ...later.metadata, timestamp: '2026-11-21T10:00:00.000Z' } }).to.deep.equal(
      sbom(input),
    );
    const other = sbom({ ...input, image: { ...input.image, sha256: 'cd'.repeat(32) } });
    expect(other.serialNumber).not.to.equal(sbom(input).serialNumber);
    expect(sbom(input).serialNumber).to.match(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  });

  it('says that the packages are unknown, where they are, instead of naming none', async () => {
    const unknown = having({ format: 'unknown', reason: 'no database' }, 'arch');
    expect(await cycloneDxErrors(cycloneDx(unknown))).to.equal(null);
    expect(sbom(unknown).compositions).to.deep.equal([{ aggregate: 'unknown', assemblies: ['image', 'system'] }]);
    expect(sbom(input)).not.to.have.property('compositions');
  });

  it('tells the sum of its image again', () => {
    expect(sumsInCycloneDx(cycloneDx(input))).to.deep.equal(['ab'.repeat(32)]);
  });
});
