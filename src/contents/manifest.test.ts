import { expect } from 'chai';
import { fileInManifest, manifest } from './manifest.js';
import { manifestErrors } from '../../test/support/documents.js';

const sha256 = 'ab'.repeat(32);
const file = { name: 'debian-13-2026-11-21.qcow2', bytes: 1000, sha256, format: 'qcow2' };
const known = {
  image: 'debian-13',
  file,
  disk: { bytes: 2 ** 31, label: 'gpt', partitions: [{ number: 1, offset: 2 ** 20, size: 2 ** 30, type: '83' }] },
  artifacts: [{ name: 'debian-13-2026-11-21.qcow2.sha256sum', bytes: 90, sha256 }],
  installer: {
    netbootFiles: [
      {
        name: 'linux',
        uri: 'https://mirror.example.org/linux',
        sha256,
        bytes: 10,
        verified: [{ by: 'checksum list' }],
      },
    ],
    answerFile: { kind: 'preseed', name: 'debian.preseed', sha256 },
  },
  build: {
    tool: { name: 'image-factory', version: '2.0.0' },
    begun: '2026-11-21T10:00:00.000Z',
    stages: [{ name: 'install', seconds: 120.5 }],
    programs: { 'qemu-img': 'qemu-img version 7.2.22' },
  },
} as const;
const system = { distribution: { id: 'debian', name: 'Debian' }, kernels: ['6.12.1-amd64'] };
const packages = [{ name: 'apt', version: '3.0.3', architecture: 'amd64' }];

describe('manifest', () => {
  it('is valid by its schema, and so is one that says why it knows no packages', () => {
    const bundles = [{ target: 'oci', format: 'oci', files: ['web.oci.tar'], omitted: ['boot/'] }];
    const bundled = manifest({ ...system, installed: { format: 'deb', packages } }, { ...known, bundles });
    expect(manifestErrors(JSON.parse(JSON.stringify(bundled)))).to.equal(undefined);
    const full = manifest({ ...system, installed: { format: 'deb', packages } }, known);
    expect(manifestErrors(full)).to.equal(undefined);
    expect(full).to.include({ packageFormat: 'deb', packages });
    const partial = manifest({ ...system, installed: { format: 'unknown', reason: 'no database' } }, known);
    expect(manifestErrors(partial)).to.equal(undefined);
    expect(partial).to.include({ packagesUnknown: 'no database' }).and.not.to.have.property('packages');
  });

  it('is not valid with anything that the schema does not know, such as a password hash', () => {
    const full = manifest({ ...system, installed: { format: 'deb', packages } }, known);
    const answerFile = { ...full.installer?.answerFile, content: 'root:$6$' };
    expect(manifestErrors({ ...full, installer: { ...full.installer, answerFile } })).to.be.an('array');
  });

  it('tells its image again', () => {
    const { name, bytes } = file;
    const full = manifest({ ...system, installed: { format: 'deb', packages } }, known);
    expect(fileInManifest(full)).to.deep.equal({ name, bytes, sha256 });
    expect(fileInManifest({ file: {} })).to.equal(undefined);
  });
});
