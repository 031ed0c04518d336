import { expect } from 'chai';
import { Configuration } from './configuration.js';
import { unknownOptions } from './unknown-options.js';

function warnings(text: string, mentioned: readonly string[] = []): string[] {
  const configuration = new Configuration([{ name: 'my.conf', text }], []);
  return unknownOptions(configuration, 'debian-12', new Set(mentioned));
}

describe('unknownOptions', () => {
  it('warns of what nothing reads, with the name that was meant', () => {
    expect(warnings('[debian-12]\nlinux = x\nimgae-size = 4G\nfavourite-colour = blue\n')).to.deep.equal([
      "my.conf:3: [debian-12] unknown option 'imgae-size' (did you mean 'image-size'?)",
      "my.conf:4: [debian-12] unknown option 'favourite-colour'",
    ]);
  });

  it('knows every option however it is spelt, those of destinations and numbered ones included', () => {
    const options = 'image_size = 4G\nCACHE-DIR = x\nupload-target = y\npost_upload_command12 = z\n';
    expect(warnings(`[debian-12]\n${options}`)).to.deep.equal([]);
    expect(warnings('[debian-12]\npost-upload-commandX = z\n')).to.have.length(1);
  });

  it("knows the user's own variables: those that a template or another option mentions", () => {
    const text = '[debian-12]\nappend = locale=${Locale} ${mirror:host}\nlocale = de\nhost_name = web\n';
    expect(warnings(text, ['host-name'])).to.deep.equal([]);
    expect(warnings(text)).to.deep.equal([
      "my.conf:4: [debian-12] unknown option 'host_name' (did you mean 'hostname'?)",
    ]);
  });

  it('knows what describes the installed system as such, and says where no template reads it', () => {
    const text = '[DEFAULT]\nuser = ops\n[debian-12]\nroot_filesystem = xfs\n';
    expect(warnings(text, ['root-filesystem'])).to.deep.equal([]);
    expect(warnings(text)).to.deep.equal([
      'my.conf:4: [debian-12] root_filesystem: the answer file is no template that mentions this option',
    ]);
  });

  it('says of [DEFAULT], which serves other sections as well, only what looks like a slip', () => {
    expect(warnings('[DEFAULT]\nfavourite-colour = blue\nimage-sizes = 4G\n[debian-12]\n')).to.deep.equal([
      "my.conf:3: [DEFAULT] unknown option 'image-sizes' (did you mean 'image-size'?)",
    ]);
  });
});
