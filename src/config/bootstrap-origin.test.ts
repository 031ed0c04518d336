import { resolve } from 'node:path';
import { expect } from 'chai';
import { Configuration } from './configuration.js';
import type { ImageSpec } from './image-spec.js';
import { resolveImage } from './resolve.js';

function resolved(text: string, name: string): ImageSpec {
  const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
  return resolveImage(configuration, name, {}, '2026-11-26');
}

describe('an image with a group', () => {
  const text = '[flavor arm]\narch = arm64\n[web]\nlike = trixie\ngroup = server\nflavors = arm\n';

  it('is made from packages where it has neither installer nor parent', () => {
    const { origin, layout } = resolved(text, 'web');
    expect(origin).to.deep.equal({ kind: 'bootstrap', groups: ['server'], lockFile: resolve('locks/web.json') });
    expect(layout?.name).to.equal('hybrid');
  });

  it('has a lock of its own for the architecture of the command line', () => {
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const { origin } = resolveImage(configuration, 'web', { arch: 'aarch64' }, '2026-11-26');
    expect(origin).to.deep.include({ lockFile: resolve('locks/web.arm64.json') });
  });

  it('is installed where it has an installer', () => {
    expect(resolved('[web]\nlike = debian-13\ngroup = server\n', 'web').origin.kind).to.equal('install');
  });

  it('is derived where it has a parent', () => {
    expect(resolved('[web]\nlike = trixie\nparent = debian-13\ngroup = server\n', 'web').origin.kind).to.equal(
      'derive',
    );
  });

  it('has the name and the architecture of its flavor', () => {
    const { name, section, baseName, arch, layout } = resolved(text, 'web@arm');
    expect({ name, section, baseName }).to.deep.equal({
      name: 'web@arm',
      section: 'web',
      baseName: 'web@arm-2026-11-26',
    });
    expect(arch.debianName).to.equal('arm64');
    expect(layout?.name).to.equal('uefi');
  });
});
