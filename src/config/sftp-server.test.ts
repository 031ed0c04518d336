import { expect } from 'chai';
import { parseSftpTarget, type SftpTarget } from './sftp-server.js';

describe('the target of an SFTP upload', () => {
  const targets: Readonly<Record<string, SftpTarget>> = {
    'sftp://me@images.example:2222/srv/images/': {
      user: 'me',
      host: 'images.example',
      port: 2222,
      directory: '/srv/images/',
    },
    'sftp://images.example/srv': { host: 'images.example', directory: '/srv' },
    'sftp://images.example': { host: 'images.example', directory: '.' },
    'sftp://images.example/~/new%20images/': { host: 'images.example', directory: 'new images/' },
    'sftp://me%40corp@[2001:db8::1]:2222/': { user: 'me@corp', host: '2001:db8::1', port: 2222, directory: '/' },
    'sftp://[fe80::1%25eth0]/srv': { host: 'fe80::1%eth0', directory: '/srv' },
    'me@images.example:/srv/images/': { user: 'me', host: 'images.example', directory: '/srv/images/' },
    'images.example:images': { host: 'images.example', directory: 'images' },
    'images.example:~/images': { host: 'images.example', directory: 'images' },
    'images.example:': { host: 'images.example', directory: '.' },
    'me@corp@images.example:100%/': { user: 'me@corp', host: 'images.example', directory: '100%/' },
    '[fe80::1%eth0]:/srv/': { host: 'fe80::1%eth0', directory: '/srv/' },
  };
  for (const [text, target] of Object.entries(targets)) {
    it(`reads ${text}`, () => expect(parseSftpTarget(text)).to.deep.equal(target));
  }

  const wrong: Readonly<Record<string, RegExp>> = {
    '': /^'sftp:\/\/\[user@\]host\[:port\]\/directory\/' or '\[user@\]host:\/directory\/'$/,
    '/srv': /directory/,
    'https://x/y': /directory/,
    'sftp:///srv': /directory/,
    'sftp://x:y/z': /directory/,
    'sftp://%2Dx/z': /directory/,
    '-oProxyCommand=x:/srv': /directory/,
    'a b:/srv': /directory/,
    'sftp://images.example:70000/srv': /^a port from 1 to 65535$/,
    'sftp://images.example:0/srv': /^a port from 1 to 65535$/,
    'sftp://x/%zz': /percent-encoded/,
    'sftp://me:geheim@x/srv': /^a target without a password: upload_password_env (?!.*geheim)/,
  };
  for (const [text, message] of Object.entries(wrong)) {
    it(`refuses "${text}"`, () => expect(() => parseSftpTarget(text)).to.throw(Error, message));
  }
});
