import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { shippedFile } from './configuration-files.js';
import { Configuration } from './configuration.js';
import { unknownOptions } from './unknown-options.js';

function warnings(text: string, mentioned: readonly string[] = [], destinations: readonly string[] = []): string[] {
  const configuration = new Configuration([{ name: 'my.conf', text }], []);
  return unknownOptions(configuration, 'debian-12', new Set(mentioned), destinations);
}

describe('unknownOptions', () => {
  it('warns of what nothing reads, with the name that was meant', () => {
    expect(warnings('[debian-12]\nlinux = x\nimgae-size = 4G\nfavourite-colour = blue\n')).to.deep.equal([
      "my.conf:3: [debian-12] unknown option 'imgae-size' (did you mean 'image-size'?)",
      "my.conf:4: [debian-12] unknown option 'favourite-colour'",
    ]);
  });

  it('knows every option however it is spelt, numbered ones included', () => {
    const both = '[debian-12]\nimage_size = 4G\nCACHE-DIR = x\nupload-target = y\npost_upload_command12 = z\n';
    expect(warnings(both, [], ['debian-12'])).to.deep.equal([]);
    expect(warnings('[debian-12]\npost-upload-commandX = z\n')).to.have.length(1);
  });

  it('asks each section for the options of its kind: those of a destination as well', () => {
    const text =
      '[debian-12]\nlinux = x\nupload_port = 22\n[cloud]\nupload_type = rsync\nupload_arg = -v\npost-upload-comand = x\nram = 1G\npost_upload_command3 = y\n';
    expect(warnings(text, [], ['cloud', 'cloud'])).to.deep.equal([
      "my.conf:3: [debian-12] 'upload_port' is an option of a destination, and does nothing in an image",
      "my.conf:6: [cloud] unknown option 'upload_arg' (did you mean 'upload_args'?)",
      "my.conf:7: [cloud] unknown option 'post-upload-comand' (did you mean 'post-upload-command'?)",
      "my.conf:8: [cloud] 'ram' is an option of an image, and does nothing in a destination",
    ]);
  });

  it('says that [DEFAULT] can not be like a section, and where an option was taken from', () => {
    const text = '[DEFAULT]\nlike = web\n[debian-12]\nlike = web\n[web]\nlinux = x\nimgae-size = 4G\n';
    expect(warnings(text)).to.deep.equal(["my.conf:7: [web] unknown option 'imgae-size' (did you mean 'image-size'?)"]);
    expect(warnings('[DEFAULT]\nlike = web\n[debian-12]\nlinux = x\n')[0]).to.match(/^my.conf:2: \[DEFAULT\] 'like'/);
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
      'my.conf:4: [debian-12] root_filesystem: has no effect: the answer file is no template, or one that does not mention {{root_filesystem}}',
    ]);
    expect(warnings('[debian-12]\nparent = base\nhostname = web\n')).to.deep.equal([
      "my.conf:3: [debian-12] hostname: has no effect in an image with a 'parent', whose system it has",
    ]);
    expect(warnings('[debian-12]\ngroup = base\nkeymap = de\n')).to.deep.equal([
      'my.conf:3: [debian-12] keymap: has no effect in an image that is made from its packages: nothing reads it',
    ]);
  });

  it('says of [DEFAULT], which serves other sections as well, only what looks like a slip', () => {
    expect(warnings('[DEFAULT]\nfavourite-colour = blue\nimage-sizes = 4G\n[debian-12]\n')).to.deep.equal([
      "my.conf:3: [DEFAULT] unknown option 'image-sizes' (did you mean 'image-size'?)",
    ]);
  });

  it('finds nothing in a copy of the shipped configuration, wherever it lies', () => {
    const copy = { name: '/etc/image-factory.conf', text: readFileSync(shippedFile, 'utf8') };
    const configuration = new Configuration([copy], Configuration.shippedSources());
    for (const image of configuration.imageNames()) {
      // The sections' own options are those that the templates of their family mention.
      const told = unknownOptions(configuration, image, new Set()).filter((warning) => warning.includes('[DEFAULT]'));
      expect(told, image).to.deep.equal([]);
    }
  });
});
