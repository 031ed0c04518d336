import { expect } from 'chai';
import fc from 'fast-check';
import { quote } from 'shlex';
import { maskOf, maskUrls, shortestSecret } from './mask.js';

describe('maskUrls', () => {
  const masked = {
    'see http://builder:s3cret@mirror.example/debian': 'see http://builder:***@mirror.example/debian',
    'proxy http://ghp_token@proxy.example:3128/': 'proxy http://***@proxy.example:3128/',
    'to sftp://deploy@host/directory': 'to sftp://deploy@host/directory',
    'rsync://user:pa:ss@host/module': 'rsync://user:***@host/module',
    'http://host/path?mail=a@b': 'http://host/path?mail=a@b',
    'http://a:p@one.example http://b:q@two.example': 'http://a:***@one.example http://b:***@two.example',
    'http://user:pa/ss@host/linux': 'http://user:***@host/linux',
    'http://user:pa#ss@host/linux': 'http://user:***@host/linux',
    'http://user:pa?ss@host/linux': 'http://user:***@host/linux',
    'http://user:p@ss@host/linux': 'http://user:***@host/linux',
    'http://mirror.example:8080/job@2/linux': 'http://mirror.example:8080/job@2/linux',
    'http://[::1]:8080/job@2/linux': 'http://[::1]:8080/job@2/linux',
    'https://host/linux?token=abc&arch=x86_64': 'https://host/linux?token=***&arch=x86_64',
    'https://host/l?X-Amz-Date=20261126T110000Z&X-Amz-Signature=f00d':
      'https://host/l?X-Amz-Date=20261126T110000Z&X-Amz-Signature=***',
    'https://host/l?st=0123456789abcdef0123456789': 'https://host/l?st=***',
    "'https://host/linux?sig=abc'": "'https://host/linux?sig=***'",
    'https://host/linux?sig=abc: it is gone': 'https://host/linux?sig=***: it is gone',
    'https://host/#access_token=abc': 'https://host/#access_token=***',
  };
  for (const [text, expected] of Object.entries(masked)) {
    it(`makes "${expected}"`, () => expect(maskUrls(text)).to.equal(expected));
  }
});

describe('maskOf', () => {
  it('takes every secret out, wherever it stands', () => {
    const mask = maskOf(['open sesame', '$6$salt$hash']);
    expect(mask("'$6$salt$hash' and open sesame, open sesame")).to.equal("'***' and ***, ***");
  });

  it('takes the longer one out first', () => {
    expect(maskOf(['pass', 'password'])('password pass')).to.equal('*** ***');
  });

  it('takes each line of a secret of several lines for one', () => {
    expect(maskOf(['line one\n  line two\r\n'])('there is line two')).to.equal('there is ***');
  });

  it('leaves words alone that are too short to be a secret', () => {
    expect(maskOf(['', 'no', 'yes', '    '])('yes    or no')).to.equal('yes    or no');
  });

  it('leaves what stands beside a secret as it is', () => {
    const mask = maskOf(["hunter2's-token"]);
    expect(mask(`call ${quote("--extra-args token=hunter2's-token quiet")} now`)).to.equal(
      "call '--extra-args token=*** quiet' now",
    );
    expect(mask(JSON.stringify({ token: "hunter2's-token" }))).to.equal('{"token":"***"}');
  });

  it('finds a secret that a screen has broken', () => {
    const screen = 'Command line: url=x token=open ses\n  | ame-0815 quiet\n  | on the next';
    expect(maskOf(['open sesame-0815'])(screen)).to.equal('Command line: url=x token=*** quiet\n  | on the next');
    // The blank at the end of a row is gone.
    expect(maskOf(['open sesame-0815'])('token=open\r\nsesame-0815')).to.equal('token=***');
  });

  it('is quick with what has many quotes', () => {
    const before = process.cpuUsage();
    maskOf([`a${`'"`.repeat(50)}b`, '$'.repeat(60) + 'c'])(`a${`'`.repeat(20_000)} ${'$'.repeat(20_000)}`);
    // A fraction of a second; each quote tried with each other would take days.
    expect(process.cpuUsage(before).user / 1_000_000, 'seconds').to.be.below(60);
  });

  describe('whatever the secret, once printed', () => {
    const secret = fc
      .oneof(
        fc.string({ minLength: shortestSecret, maxLength: 30 }),
        fc.string({ unit: 'grapheme', minLength: shortestSecret, maxLength: 20 }),
        fc.string({ unit: fc.constantFrom(...`a1'"\\$,%& <>;@/:?#|\t=+-é`), minLength: shortestSecret, maxLength: 20 }),
      )
      .map((text) => text.trim())
      // What is masked anyway, and what the mask itself says, shows nothing of the secret.
      .filter((text) => text.length >= shortestSecret && !/[\r\n*]/.test(text));
    const xml = (text: string) => text.replace(/[&<>'"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    const named = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;');
    const printed: Record<string, (text: string) => string> = {
      'as it is': (text) => text,
      'quoted for a shell': quote,
      'quoted for a shell within a shell': (text) => quote(`sh -c ${quote(text)}`),
      'quoted with backslashes': (text) => text.replace(/[^A-Za-z0-9]/gu, '\\$&'),
      'in JSON': JSON.stringify,
      'in JSON within JSON': (text) => JSON.stringify(JSON.stringify(text)),
      'in JSON, in ASCII only': (text) =>
        JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
      'percent-encoded': encodeURIComponent,
      'in a form': (text) => new URLSearchParams({ text: text }).toString(),
      'in XML, by number': xml,
      'in XML, by name': named,
      'with commas doubled': (text) => text.replaceAll(',', ',,'),
      'with dollars doubled': (text) => text.replaceAll('$', '$$$$'),
      'in YAML': (text) => `'${text.replaceAll("'", "''")}'`,
    };
    for (const [how, print] of Object.entries(printed)) {
      it(`${how}, is gone`, () => {
        fc.assert(
          fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
            const text = print(value);
            const shown = maskOf([value])(`${before} ${text} ${after}`);
            expect(shown).to.contain('***');
            if (!`${before} ${after}`.includes(text)) expect(shown).not.to.contain(text);
          }),
          { numRuns: 150 },
        );
      });
    }

    it('in base64, is gone, whatever stands beside it', () => {
      fc.assert(
        fc.property(fc.string({ minLength: 6, maxLength: 30 }), fc.string(), fc.string(), (value, before, after) => {
          fc.pre(value.trim() === value && !/[\r\n]/.test(value));
          const encoded = Buffer.from(`${before}${value}${after}`).toString('base64');
          const shown = maskOf([value])(encoded);
          expect(shown).to.contain('***');
        }),
      );
    });
  });
});
