import { expect } from 'chai';
import { Configuration } from './configuration.js';
import { unknownOverrides, withOverrides } from './overrides.js';

const text = '[DEFAULT]\nmirror_host = a\n[web]\nlinux = http://${mirror_host}/linux\nappend = ${later}\n';
const configuration = new Configuration([{ name: 'my.conf', text }], []);

describe('withOverrides', () => {
  it('sets options as text that references see, however they are spelt', () => {
    const { document } = withOverrides(configuration.section('web'), { 'mirror-host': 'b$c', later: '${x}' });
    expect(document.get('web', 'linux')).to.equal('http://b$c/linux');
    expect(document.get('web', 'append')).to.equal('${x}');
  });
});

describe('unknownOverrides', () => {
  const unknown = (...names: string[]) => unknownOverrides(configuration, 'web', names, new Set(['build-number']));

  it('knows the options of an image, its variables, what references need and what the template mentions', () => {
    expect(unknown('image_size', 'hostname', 'mirror-host', 'LATER', 'build_number')).to.deep.equal([]);
  });

  it('says what nothing reads, with the name that was meant', () => {
    expect(unknown('pakages', 'mirror-hots', 'upload_port', 'like')).to.deep.equal([
      "--set pakages: there is no such option (did you mean 'packages'?): neither [web] nor its answer file knows it",
      "--set mirror-hots: there is no such option (did you mean 'mirror_host'?): neither [web] nor its answer file knows it",
      '--set upload_port: this is an option of a destination; only those of the image can be set',
      '--set like: a section says what it is like, in a configuration file',
    ]);
  });
});
