import { expect } from 'chai';
import { workDirectoryName } from './work-directories.js';
import { domainName, nameForLibvirt, poolName } from './machine-names.js';

describe('the name of a domain', () => {
  it('says which image and what for, and is another one in another directory', () => {
    const name = domainName('web-2026-11-26', '/srv/a/.web-2026-11-26.build', 'raw');
    expect(name).to.match(/^web-2026-11-26-[0-9a-f]{8}\.raw$/);
    expect(domainName('web-2026-11-26', '/srv/a/.web-2026-11-26.build', 'boot')).to.equal(name.replace('raw', 'boot'));
    expect(domainName('web-2026-11-26', '/srv/b/.web-2026-11-26.build', 'raw')).not.to.equal(name);
  });

  for (const image of ['Debian 12 server', 'web:12', 'a\tb', 'ünï✓', 'a&b<c>"\'?*', '-']) {
    it(`can be made of any image's name: ${JSON.stringify(image)}`, () => {
      expect(nameForLibvirt(`${image}-2026-11-26`, '/w')).to.match(/^[\w.+-]+-2026-11-26-[0-9a-f]{8}$/);
    });
  }

  it('leaves room for what libvirt adds', () => {
    expect(nameForLibvirt('x'.repeat(240), '/w').length).to.be.below(140);
  });
});

describe('the name of a work directory', () => {
  it('is the image with its date where virt-install can use that', () => {
    expect(workDirectoryName('debian-13-2026-11-26')).to.equal('.debian-13-2026-11-26.build');
  });

  it('differs where only those characters differ that virt-install can not use', () => {
    const names = ['a b', 'a_b', 'a:b', 'a\tb'].map((image) => poolName(`${image}-2026-11-26`));
    expect(new Set(names).size).to.equal(names.length);
    for (const name of names) expect(name).to.match(/^[\w-]+-2026-11-26$/);
  });
});
