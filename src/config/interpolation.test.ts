import { expect } from 'chai';
import fc from 'fast-check';
import { IniDocument } from './ini.js';

describe('interpolation', () => {
  it('replaces references to the own section, to another one and to [DEFAULT]', () => {
    const document = parse(
      '[DEFAULT]',
      'mirror = http://deb.debian.org',
      'linux = ${mirror}/${release}/linux',
      '[debian-12]',
      'release = bookworm',
      '[debian-13]',
      'Release = trixie',
      'both = ${LINUX} ${debian-12:linux} ${DEFAULT:mirror}',
    );
    expect(document.get('debian-13', 'both')).to.equal(
      'http://deb.debian.org/trixie/linux http://deb.debian.org/bookworm/linux http://deb.debian.org',
    );
  });

  it('takes $$ for a dollar sign, and leaves % alone', () => {
    expect(parse('[a]', 'x = $$${y} $${y} 100% %(y)s', 'y = 1').get('a', 'x')).to.equal('$1 ${y} 100% %(y)s');
  });

  it('prefers extra variables, but shows them to the asked value only', () => {
    const document = parse('[a]', 'command = echo ${image} ${via}', 'image = none', 'via = ${image}');
    expect(document.get('a', 'command', { Image: 'a.qcow2' })).to.equal('echo a.qcow2 none');
    expect(document.get('a', 'image', { image: '${via}' })).to.equal('none');
  });

  it('follows references ten deep', () => {
    const links = Array.from({ length: 10 }, (_, n) => `l${n} = \${l${n + 1}}`);
    const document = parse('[a]', ...links, 'l10 = end', 'more = ${l0}');
    expect(document.get('a', 'l0')).to.equal('end');
    expect(() => document.get('a', 'more')).to.throw(
      'test.conf:11: [a] l9: references lead on more than 10 deep: [a] more -> [a] l0 -> ',
    );
  });

  it('tells the circle in which references lead', () => {
    const document = parse('[a]', 'x = ${y}', 'y = ${b:z}', '[b]', 'z = ${a:y}');
    expect(() => document.get('a', 'x')).to.throw(
      'references lead in a circle: [a] y -> [b] z -> [a] y; needed by [a] x',
    );
  });

  const mistakes = {
    $HOME: "'$' must be followed by another '$' or by a name in braces; a plain dollar sign is '$$'",
    '5 $': "'$' must be followed by another '$' or by a name in braces; a plain dollar sign is '$$'",
    '${}': "'$' must be followed by another '$' or by a name in braces; a plain dollar sign is '$$'",
    '${mirror':
      "'$' must be followed by another '$' or by a name in braces; a plain dollar sign is '$$'; a '}' is missing",
    'http://$mirror/':
      "'$' must be followed by another '$' or by a name in braces; a plain dollar sign is '$$' (did you mean '${mirror}'?)",
    $6$salt$hash:
      "'$' must be followed by another '$' or by a name in braces; a plain dollar sign is '$$'; this looks like a password hash: double its dollar signs, as in '$$6$$…'",
    '${a:b:c}': "${a:b:c} has more than one ':'",
    '${miror}': "${miror} refers to an option that is not set (did you mean 'mirror'?)",
    '${Debian:mirror}': "${Debian:mirror} refers to a section that does not exist (did you mean 'debian'?)",
    '${debian:miror}': "${debian:miror} refers to an option that is not set in [debian] (did you mean 'mirror'?)",
    '${ram\n  size}': '${ram\\nsize} refers to an option that is not set',
  };
  for (const [value, what] of Object.entries(mistakes)) {
    it(`calls ${JSON.stringify(value)} a mistake`, () => {
      const document = parse('[debian]', 'mirror = http://deb.debian.org', `linux = ${value}`, 'initrd = ${linux}');
      expect(() => document.get('debian', 'linux')).to.throw(`test.conf:3: [debian] linux: ${what}`);
      expect(() => document.get('debian', 'initrd')).to.throw(
        `test.conf:3: [debian] linux: ${what}; needed by [debian] initrd`,
      );
    });
  }
});

describe('a password hash', () => {
  const characters = fc.string({ unit: fc.constantFrom(...'./0189AZaz'), minLength: 1, maxLength: 43 });
  const hash = fc
    .tuple(
      fc.constantFrom('1', '2a', '2b', '2y', '5', '6', '7', 'y', 'gy'),
      fc.array(characters, { minLength: 1, maxLength: 3 }),
    )
    .map(([method, parts]) => `$${[method, ...parts].join('$')}`);
  const doubled = (text: string) => text.replaceAll('$', '$$$$');

  it('is the same with single and with doubled dollar signs, where an option holds one', () => {
    const options = ['root-password-hash', 'USER_password_hash', 'admin-hash', 'hash2'];
    fc.assert(
      fc.property(hash, fc.constantFrom(...options), (text, option) => {
        for (const written of [text, doubled(text)]) {
          const document = parse('[a]', `${option} = ${written}`, `other = x \${${option}}`);
          expect(document.get('a', option)).to.equal(text);
          expect(document.get('a', 'other')).to.equal(`x ${text}`);
        }
      }),
    );
  });

  it('needs doubled dollar signs elsewhere', () => {
    fc.assert(
      fc.property(hash, (text) => {
        expect(() => parse('[a]', `secret = ${text}`).get('a', 'secret')).to.throw('double its dollar signs');
        expect(parse('[a]', `secret = ${doubled(text)}`).get('a', 'secret')).to.equal(text);
      }),
    );
  });

  it('may be made of references as any value, but not half of them', () => {
    const document = parse('[a]', 'root-password-hash = $$6$$${salt}', 'salt = s', 'user-password-hash = $6$${salt}');
    expect(document.get('a', 'root-password-hash')).to.equal('$6$s');
    expect(() => document.get('a', 'user-password-hash')).to.throw("'$' must be followed");
  });
});

function parse(...lines: string[]): IniDocument {
  return IniDocument.parse([{ name: 'test.conf', text: lines.join('\n') }]);
}
