import { expect } from 'chai';
import { secretsIn } from './secrets.js';

describe('secretsIn', () => {
  const lines = {
    preseed: 'd-i passwd/root-password password s3cret word',
    'a hash': 'd-i x/y string $6$salt$hash/of.root',
    Kickstart: 'rootpw --plaintext s3cret',
    "Kickstart's users": 'user --name=ops --password="s3cret" --plaintext',
    AutoYaST: '<user_password>s3cret</user_password>',
    YAML: '    password: s3cret',
    JSON: '  "userPassword": "s3cret",',
  };
  for (const [what, line] of Object.entries(lines)) {
    it(`finds a password of ${what}`, () => {
      expect(secretsIn(`first\n${line}\nlast\n`)).to.include.oneOf(['s3cret', 's3cret word', '$6$salt$hash/of.root']);
    });
  }

  it('takes nothing else for one', () => {
    expect(secretsIn('lang en_US.UTF-8\nurl --url=http://mirror/\nd-i mirror/suite string trixie\n')).to.deep.equal([]);
  });
});
