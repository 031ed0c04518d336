import { expect } from 'chai';
import { renderShipped, shippedSpec } from '../../test/support/shipped-images.js';
import { mirrors } from './recorded-options.js';

describe('the mirrors in the provenance', () => {
  /** By name, as the installer of a shipped image is told of them. */
  async function mirrorsOf(image: string, user = ''): Promise<Record<string, string>> {
    const answerFile = (await renderShipped(image, user)).content.toString();
    return Object.fromEntries(mirrors(shippedSpec(image, user), answerFile).map(({ name, uri }) => [name, uri]));
  }

  it('are those of the distribution, and of no other', async () => {
    expect(await mirrorsOf('rocky-9')).to.deep.equal({ 'rocky-mirror': 'https://download.rockylinux.org/pub/rocky' });
    expect(await mirrorsOf('opensuse-leap-16.0')).to.deep.equal({
      'opensuse-mirror': 'http://download.opensuse.org',
    });
    expect(await mirrorsOf('debian-13')).to.deep.equal({
      debian_mirror: 'http://ftp.debian.org/debian',
      // what the installed system uses
      'installed-mirror': 'http://deb.debian.org/debian',
    });
  });

  it('are told without their passwords', async () => {
    const own = '[DEFAULT]\nrocky-mirror = https://me:s3cret@mirror.example.org/rocky\n';
    expect(await mirrorsOf('rocky-9', own)).to.deep.equal({ 'rocky-mirror': 'https://mirror.example.org/rocky' });
  });

  it('are none that another one only begins with', () => {
    const spec = shippedSpec('rocky-9', '[DEFAULT]\nown-mirror = http://host/debian\n');
    const names = (answerFile: string) => mirrors(spec, answerFile).map(({ name }) => name);
    expect(names('from http://host/debian-security')).not.to.include('own-mirror');
    expect(names('from http://host/debian-security and http://host/debian')).to.include('own-mirror');
    expect(names('url --url="http://host/debian/dists"')).to.include('own-mirror');
  });
});
