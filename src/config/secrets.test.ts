import { expect } from 'chai';
import { isSecret, secretsOf } from './secrets.js';

describe('the secrets of a section', () => {
  it('are password hashes, and whatever else is called a secret', () => {
    const variables = { 'root-password-hash': '$6$salt$hash', site_token: 'abcd1234', hostname: 'linux' };
    expect(secretsOf(variables, [], {})).to.deep.equal(['$6$salt$hash', 'abcd1234']);
  });

  it('are credentials in URLs of any option, as written and decoded', () => {
    const variables = {
      linux: 'https://builder:p%40ss@mirror.example/linux',
      proxy: 'http://t0ken@proxy.example:3128/',
    };
    expect(secretsOf(variables, [], {})).to.deep.equal(['p%40ss', 'p@ss', 't0ken', 't0ken']);
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
    expect(secretsOf({}, [destination as never], environment)).to.deep.equal(['open sesame', 'hush', 'hush']);
  });

  it('do not hide the name of a file or of an environment variable', () => {
    for (const name of ['upload_password_env', 'token-file', 'ssh-authorized-keys']) {
      expect(isSecret(name), name).to.equal(false);
    }
  });
});
