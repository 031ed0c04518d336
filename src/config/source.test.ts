import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { parseSource, type Source } from './source.js';

describe('a source', () => {
  it('by HTTP keeps its password for fetching, and shows it nowhere', () => {
    const { uri, url, ...source } = parseSource('https://me:s3cr%40t@host:8080/a%20b/linux?arch=amd64') as Source & {
      by: 'http';
    };
    for (const whole of [uri, url]) expect(whole).to.contain('me:s3cr%40t@');
    expect(source).to.deep.equal({
      by: 'http',
      shown: parseSource(uri).shown,
      publicUri: 'https://host:8080/a%20b/linux',
      key: 'https://host:8080/a%20b/linux?arch=amd64',
      name: 'linux',
      location: { host: 'host:8080', path: '/a b/linux' },
    });
    expect(source.shown).not.to.contain('s3cr');
  });

  it('by rsync has its password apart, for the environment', () => {
    expect(parseSource('rsync://me:s3cr%40t@host/module/linux')).to.include({
      by: 'rsync',
      url: 'rsync://me@host/module/linux',
      password: 's3cr@t',
      publicUri: 'rsync://host/module/linux',
    });
  });

  it('on this machine has an absolute path', () => {
    expect(parseSource('linux')).to.include({ by: 'copy', path: resolve('linux'), shown: 'linux' });
    expect(parseSource('~/linux')).to.include({ path: join(homedir(), 'linux') });
    expect(parseSource('file:///a%20b/linux')).to.include({ path: '/a b/linux', key: 'file:///a%20b/linux' });
    expect(parseSource('./with:colon')).to.include({ path: resolve('with:colon') });
  });

  it('by another scheme tells what can be fetched', () => {
    expect(() => parseSource('ftp://user:s3cret@host/linux')).to.throw(
      /^a file name \(with \.\/ before one with a colon\), or a URI with the scheme file:, http:, https: or rsync:$/,
    );
    expect(() => parseSource('file://host/linux')).to.throw('File URL host');
  });

  it('that is no URL tells how a password is written, and not the password', () => {
    for (const text of [
      'http://user:pa[/ssWORD@ho st/linux',
      'http://user:pass/ssWORD@host/?x',
      'http://ho st/linux',
    ]) {
      expect(() => parseSource(text)).to.throw(
        /^a (URL that can be read|path or a URI that ends in a file name)(?!.*ssWORD)/,
      );
    }
    expect(() => parseSource('http://user:pa/ssWORD@host/linux')).to.throw('must be percent-encoded');
  });
});

describe('the name of a source', () => {
  for (const [uri, name] of [
    ['http://host/debian/initrd.gz', 'initrd.gz'],
    ['https://host/get/linux?arch=amd64/x#top', 'linux'],
    ['http://host/vmlinuz%2D6.12', 'vmlinuz-6.12'],
    ['http://host/100%', '100%'],
    ['file:/boot/linux', 'linux'],
    ['/boot/linux?', 'linux?'],
    ['linux', 'linux'],
    ['rsync://host/module/a%20b', 'a%20b'],
  ] as const) {
    it(`of ${uri} is ${name}`, () => expect(parseSource(uri).name).to.equal(name));
  }

  for (const uri of [
    'http://host',
    'http://host/',
    'http://h/..',
    '/boot/.',
    '',
    'http://h/%2e%2E',
    'http://h/a%2Fb',
    'http://h/%00',
  ]) {
    it(`is none for '${uri}'`, () =>
      expect(() => parseSource(uri)).to.throw('a path or a URI that ends in a file name'));
  }
});
