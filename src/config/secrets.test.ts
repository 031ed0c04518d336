import { expect } from 'chai';
import { IniDocument } from './ini.js';
import { isSecret, secretsAsWritten, secretsOf } from './secrets.js';

describe('the secrets of a section', () => {
  for (const name of [
    'wifi_psk',
    'API-Key',
    'api-token',
    'registration-code',
    'root_pass',
    'db-pwd',
    'luks_passphrase',
  ]) {
    it(`hold what '${name}' is set to`, () => {
      expect(isSecret(name)).to.equal(true);
    });
  }

  it('are password hashes, and whatever else is called a secret', () => {
    const variables = { 'root-password-hash': '$6$salt$hash', site_token: 'abcd1234', hostname: 'linux' };
    expect(secretsOf(variables, [], {})).to.deep.equal(['$6$salt$hash', 'abcd1234']);
  });

  it('are credentials in URLs of any option, as written and decoded', () => {
    const variables = {
      linux: 'https://builder:p%40ss@mirror.example/linux',
      proxy: 'http://t0ken@proxy.example:3128/',
    };
    expect(secretsOf(variables, [], {})).to.deep.equal(['p%40ss', 'p@ss', 't0ken']);
  });

  it('are passwords in URLs that forgot to encode them, and what a query tells', () => {
    const urls = ['http://user:pa/ss@host/linux', 'http://us er:wo rd@host/linux', 'https://host/linux?token=abcd'];
    const variables = Object.fromEntries(urls.map((url, number) => [`url${number}`, url]));
    expect(secretsOf(variables, [], {})).to.deep.equal(['pa/ss', 'wo rd', 'abcd']);
  });

  it('are known as they are written, before the section can be read', () => {
    const document = IniDocument.parse([
      { name: 'my.conf', text: '[web]\nsite-token = a$$b${nosuch}\nmy-secret = x$$y\n' },
    ]);
    expect(secretsAsWritten({ name: 'web', document })).to.deep.equal(['a$$b${nosuch}', 'x$$y', 'x$y']);
  });

  it('are the upload password and the credentials of proxies in the environment', () => {
    const destination = {
      name: 'm',
      type: 'sftp',
      target: 'sftp://me@host/',
      postUploadCommands: [],
      passwordEnv: 'PW',
    };
    const environment = { PW: 'open sesame', https_proxy: 'http://me:hush@proxy.example/', HOME: '/root' };
    expect(secretsOf({}, [destination as never], environment)).to.deep.equal(['open sesame', 'hush']);
  });

  it('do not hide the name of a file or of an environment variable', () => {
    for (const name of ['upload_password_env', 'token-file', 'ssh-authorized-keys']) {
      expect(isSecret(name), name).to.equal(false);
    }
  });
});
