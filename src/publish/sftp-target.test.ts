import { expect } from 'chai';
import { UsageError } from '../host/failure.js';
import { remotePath, sftpTarget } from './sftp-target.js';

const target = (text: string, port?: number) =>
  sftpTarget({ name: 'mirror', target: text, ...(port === undefined ? {} : { port }) });

describe('sftpTarget', () => {
  const cases: [string, string | undefined, string, number, string][] = [
    ['sftp://me@images.example:2222/srv/images/', 'me', 'images.example', 2222, '/srv/images/'],
    ['sftp://images.example/srv', undefined, 'images.example', 22, '/srv'],
    ['sftp://images.example', undefined, 'images.example', 22, '.'],
    ['sftp://images.example/~/new%20images/', undefined, 'images.example', 22, 'new images/'],
    ['sftp://me%40corp@[2001:db8::1]:2222/', 'me@corp', '2001:db8::1', 2222, '/'],
    ['me@images.example:/srv/images/', 'me', 'images.example', 22, '/srv/images/'],
    ['images.example:images', undefined, 'images.example', 22, 'images'],
    ['images.example:~/images', undefined, 'images.example', 22, 'images'],
    ['images.example:', undefined, 'images.example', 22, '.'],
    ['me@corp@images.example:100%/', 'me@corp', 'images.example', 22, '100%/'],
    ['[fe80::1%eth0]:/srv/', undefined, 'fe80::1%eth0', 22, '/srv/'],
  ];
  for (const [text, user, host, port, directory] of cases) {
    it(`reads ${text}`, () => expect(target(text)).to.deep.equal({ user, host, port, directory }));
  }

  it('takes the port from upload_port, which must not contradict the target', () => {
    expect(target('me@images.example:/srv', 2222)).to.include({ port: 2222 });
    expect(target('sftp://images.example:2222/srv', 2222)).to.include({ port: 2222 });
    expect(() => target('sftp://images.example:22/srv', 2222)).to.throw(UsageError, '[mirror] upload_port: 2222');
    expect(() => target('sftp://images.example:70000/srv')).to.throw(UsageError, '70000 is not a port');
    expect(() => target('images.example:/srv', 0)).to.throw(UsageError, '0 is not a port');
  });

  it('refuses what is no target', () => {
    for (const text of [
      '',
      '/srv',
      'https://x/y',
      'sftp:///srv',
      'sftp://x:y/z',
      '-oProxyCommand=x:/srv',
      'a b:/srv',
    ]) {
      expect(() => target(text), text).to.throw(UsageError, '[mirror] upload_target');
    }
    expect(() => target('sftp://x/%zz')).to.throw(UsageError, 'percent-encoded');
  });

  it('refuses a password in the configuration, and does not repeat it', () => {
    expect(() => target('sftp://me:geheim@x/srv'))
      .to.throw(UsageError, /upload_password_env/)
      .and.not.match(/geheim/);
  });
});

describe('remotePath', () => {
  it('puts a name into the directory', () => {
    expect(remotePath(target('x:/srv'), 'a.raw')).to.equal('/srv/a.raw');
    expect(remotePath(target('x:/srv/'), 'a.raw')).to.equal('/srv/a.raw');
    expect(remotePath(target('x:'), 'a.raw')).to.equal('./a.raw');
  });
});
