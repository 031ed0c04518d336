import { expect } from 'chai';
import { maskOf, maskUrls } from './mask.js';

describe('maskUrls', () => {
  const masked = {
    'see http://builder:s3cret@mirror.example/debian': 'see http://builder:***@mirror.example/debian',
    'proxy http://ghp_token@proxy.example:3128/': 'proxy http://***@proxy.example:3128/',
    'to sftp://deploy@host/directory': 'to sftp://deploy@host/directory',
    'rsync://user:pa:ss@host/module': 'rsync://user:***@host/module',
    'http://host/path?mail=a@b': 'http://host/path?mail=a@b',
    'http://a:p@one.example http://b:q@two.example': 'http://a:***@one.example http://b:***@two.example',
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
    expect(maskOf(['line one\nline two'])('there is line two')).to.equal('there is ***');
  });

  it('leaves words alone that are too short to be a secret', () => {
    expect(maskOf(['', 'no', 'yes'])('yes or no')).to.equal('yes or no');
  });
});
