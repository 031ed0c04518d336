import { expect } from 'chai';
import { problemsOf } from '../../test/support/host.js';
import { Configuration } from './configuration.js';
import { resolveImage } from './resolve.js';

const shipped = `
[DEFAULT]
mirror-host = deb.example.org
debian_mirror = http://\${mirror-host}/debian
[family debian]
linux = \${debian_mirror}/\${suite}/linux
initrd = \${debian_mirror}/\${suite}/initrd.gz
preseed = debian.preseed.hbs
ram = 1G
append = ram=\${ram} size=\${image-size}
image-size = 3G
[debian-12]
like = debian
suite = bookworm
[debian-13]
like = debian
suite = trixie
`;

function configuration(user: string): Configuration {
  return new Configuration([{ name: 'my.conf', text: user }], [{ name: 'shipped.conf', text: shipped }]);
}

function valuesOf(user: string, name: string, ...options: string[]): (string | undefined)[] {
  const { document } = configuration(user).section(name);
  return options.map((option) => document.get(name, option));
}

describe('like', () => {
  it("takes a shipped image's options, with what they refer to, and changes some", () => {
    const user = '[web]\nlike = debian-13\nram = 2G\npackages = nginx\n';
    expect(valuesOf(user, 'web', 'linux', 'append', 'packages')).to.deep.equal([
      'http://deb.example.org/debian/trixie/linux',
      'ram=2G size=3G',
      'nginx',
    ]);
    expect(configuration(user).imageNames()).to.deep.equal(['web', 'debian-12', 'debian-13']);
    expect(resolveImage(configuration(user), 'web', {}, '2026-11-26').ram).to.equal(2 * 2 ** 30);
  });

  it('changes a shipped image where a section is like its own name', () => {
    const user = '[debian-13]\nlike = debian-13\nimage-size = 10G\n[web]\nlike = debian-13\n';
    expect(valuesOf(user, 'debian-13', 'linux', 'append')).to.deep.equal([
      'http://deb.example.org/debian/trixie/linux',
      'ram=1G size=10G',
    ]);
    expect(valuesOf(user, 'web', 'append')).to.deep.equal(['ram=1G size=10G']);
    expect(valuesOf(user, 'debian-12', 'append')).to.deep.equal(['ram=1G size=3G']);
  });

  it("lets the user's [DEFAULT] count above the shipped one, and below what is taken", () => {
    const user = '[DEFAULT]\nmirror-host = local\nram = 8G\nsbom = no\n[web]\nlike = debian-13\n';
    expect(valuesOf(user, 'web', 'linux', 'ram', 'sbom')).to.deep.equal([
      'http://local/debian/trixie/linux',
      '1G',
      'no',
    ]);
    expect(
      valuesOf('[DEFAULT]\ndebian-mirror = http://other\n[web]\nlike = debian-13\n', 'web', 'linux'),
    ).to.deep.equal(['http://other/trixie/linux']);
  });

  it('lets an option replace one that is spelt with - for _', () => {
    const user = '[web]\nlike = debian-13\nIMAGE_SIZE = 9G\n';
    expect(valuesOf(user, 'web', 'append')).to.deep.equal(['ram=1G size=9G']);
  });

  it('leads on, and goes for families and destinations as well', () => {
    const user = `[DEFAULT]
color = red
[base]
upload_type = sftp
upload_port = 2222
[cloud]
like = base
upload_target = cloud:/
[family mine]
like = debian-12
ram = 4G
[web]
like = mine
[db]
like = web
cores = 4
`;
    expect(valuesOf(user, 'db', 'append', 'suite', 'cores', 'color')).to.deep.equal([
      'ram=4G size=3G',
      'bookworm',
      '4',
      'red',
    ]);
    expect(valuesOf(user, 'cloud', 'upload_port')).to.deep.equal(['2222']);
    expect(configuration(user).kind('cloud')).to.equal('destination');
    expect(configuration(user).imageNames()).to.deep.equal(['web', 'db', 'debian-12', 'debian-13']);
    expect(configuration(user).sectionNames('family')).to.deep.equal(['family mine', 'family debian']);
  });

  it("lets a family of the user's change every image that is like it", () => {
    expect(valuesOf('[family debian]\nlike = debian\nram = 5G\n', 'debian-12', 'append')).to.deep.equal([
      'ram=5G size=3G',
    ]);
  });

  it('makes what is taken a reference for others', () => {
    const user = '[mine]\nlinux = ${debian-13:linux}\nappend = ${web:append}\n[web]\nlike = debian-13\nram = 6G\n';
    expect(valuesOf(user, 'mine', 'linux', 'append')).to.deep.equal([
      'http://deb.example.org/debian/trixie/linux',
      'ram=6G size=3G',
    ]);
  });

  const mistakes: Readonly<Record<string, [string, string]>> = {
    'a circle': ['[a]\nlike = b\n[b]\nlike = a\n', 'my.conf:2: [a] like = b: leads in a circle: [a] -> [b] -> [a]'],
    'a name that there is not': [
      '[a]\nlike = debain-13\n',
      "my.conf:2: [a] like = debain-13: names a section that does not exist (did you mean 'debian-13'?)",
    ],
    'a family that there is not': [
      '[a]\nlike = debain\n',
      "my.conf:2: [a] like = debain: names a section that does not exist (did you mean 'debian'?)",
    ],
    '[DEFAULT], which is beneath every section': [
      '[a]\nlike = default\n',
      'my.conf:2: [a] like = default: every section takes the options of [DEFAULT] by itself; name an image or a family',
    ],
    'the name of another one, further on': [
      '[a]\nlike = b\n[b]\nlike = nowhere-near\n',
      'my.conf:4: [b] like = nowhere-near: names a section that does not exist; needed by [a]',
    ],
    itself: [
      '[a]\nlike = a\n',
      'my.conf:2: [a] like = a: names the section itself, and none of that name ships with image-factory',
    ],
    'a reference': [
      '[a]\nlike = ${b}\n',
      'my.conf:2: [a] like = ${b}: takes the name of a section, without references',
    ],
  };
  for (const [what, [user, problem]] of Object.entries(mistakes)) {
    it(`can not be ${what}`, () => {
      expect(problemsOf(() => configuration(user).section('a'))).to.deep.equal([problem]);
      expect(configuration(user).section('debian-12').name, 'others go on').to.equal('debian-12');
    });
  }

  it('is recommended where a section needs what only shipped images have', () => {
    const user = '[debian-13]\nimage-size = 10G\n';
    expect(problemsOf(() => resolveImage(configuration(user), 'debian-13', {}, '2026-11-26')).join('\n')).to.contain(
      "my.conf:1: [debian-13]: add 'like = debian-13' to [debian-13] to take the options of a shipped image",
    );
    expect(
      problemsOf(() => resolveImage(configuration(`[web]\nlike = debian-13\n${user}`), 'web', {}, '2026-11-26')).at(-1),
    ).to.contain("add 'like = debian-13' to [debian-13]");
    const copied = '[web]\nlinux = ${debian_mirror}/linux\ninitrd = i\npreseed = debian.preseed.hbs\n';
    expect(problemsOf(() => resolveImage(configuration(copied), 'web', {}, '2026-11-26'))).to.deep.equal([
      "my.conf:2: [web] linux: ${debian_mirror} refers to an option that is not set; it is one of the shipped images' own options: add 'like = debian-13' to [web] to take the options of a shipped image",
    ]);
  });
});
