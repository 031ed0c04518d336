import { expect } from 'chai';
import { maskOf } from '../host/mask.js';
import { secretsIn } from './secrets.js';

describe('secretsIn', () => {
  const lines: Record<string, [line: string, ...secrets: string[]]> = {
    preseed: ['d-i passwd/root-password password s3cret word', 's3cret word'],
    "preseed's text": ['d-i netcfg/wireless_wpa string s3cret word', 's3cret word'],
    'a hash': ['d-i x/y string $6$salt$hash/of.root', '$6$salt$hash/of.root'],
    "GRUB's hash": ['d-i grub-installer/x string grub.pbkdf2.sha512.10000.ABCD', 'grub.pbkdf2.sha512.10000.ABCD'],
    Kickstart: ['rootpw --plaintext s3cret', 's3cret'],
    "Kickstart's quotes": ['rootpw --plaintext "s3c ret"', 's3c ret'],
    "Kickstart's users": ['user --name=ops --password="s3cret" --plaintext', 's3cret'],
    'an option with a comma': ['user --name=ops --password=s3,cret --plaintext', 's3,cret'],
    AutoYaST: ['<user_password>s3cret</user_password>', 's3cret'],
    "AutoYaST's escapes": ['<user_password>s3&amp;cret</user_password>', 's3&amp;cret', 's3&cret'],
    'a registration code': ['<reg_code>ABCD-1234</reg_code>', 'ABCD-1234'],
    YAML: ['    password: s3cret', 's3cret'],
    'YAML with blanks': ['    - password: s3cret word  # of root', 's3cret word'],
    'YAML in one line': ['users: [{name: ops, password: s3cret, lock: no}]', 's3cret'],
    "YAML's quotes": ["  passphrase: 's3''cret'", "s3'cret"],
    JSON: ['  "userPassword": "s3\\"cret\\u00e9",', 's3"creté'],
    'a variable of a script': ["API_TOKEN='s3c ret'", 's3c ret'],
    chpasswd: ['echo "root:s3cret" | chroot /target chpasswd', 's3cret'],
    'chpasswd, shortly': ['chpasswd <<< root:s3cret', 's3cret'],
    passwd: ["echo 's3cret' | passwd --stdin root", 's3cret'],
    usermod: ["usermod -a -G wheel -p 's3cret' ops", 's3cret'],
    'a header': ["curl -H 'Authorization: Bearer abc.def-123'", 'abc.def-123'],
    'a URL': ['url --url=http://me:s3cret@mirror/debian', 's3cret'],
    'a private key': ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END', 'b3BlbnNz'],
  };
  for (const [what, [line, ...secrets]] of Object.entries(lines)) {
    it(`finds a secret of ${what}`, () => {
      expect(secretsIn(`first\n${line}\nlast\n`)).to.include.members(secrets);
    });
  }

  const harmless = [
    'lang en_US.UTF-8',
    'url --url=http://mirror/',
    'd-i mirror/suite string trixie',
    'd-i passwd/username string builder',
    'd-i passwd/user-fullname string Debian User',
    'd-i passwd/root-login boolean false',
    'd-i passwd/root-password-crypted password *',
    'rootpw --lock',
    '  lock_passwd: false',
    '  "hashedPassword": true',
    '  "hashedPassword": true,',
    '<encrypted config:type="boolean">true</encrypted>',
    '<user_password>!</user_password>',
    'upload_password_env: UPLOAD_PASSWORD',
    'token-file = /etc/token',
    'echo "root:$PASSWORD" | chpasswd',
    'PASSWORD=$(cat /run/password)',
    'PASSWORD=${1}',
  ];
  for (const line of harmless) {
    it(`takes nothing in '${line}' for one`, () => {
      const mask = maskOf(secretsIn(`${line}\n`));
      expect(mask(line)).to.equal(line);
      expect(secretsIn(line).filter((secret) => secret.length >= 4)).to.deep.equal([]);
    });
  }

  const longLines = {
    letters: 'a'.repeat(300_000),
    base64: Buffer.alloc(300_000, 'é1/+zq').toString('base64'),
    'empty lines': '\n'.repeat(300_000),
    pipes: 'a:b|'.repeat(75_000),
  };
  for (const [what, text] of Object.entries(longLines)) {
    it(`finds the secret behind 300,000 characters of ${what}`, () => {
      expect(secretsIn(`${text}\nrootpw s3cret\n`)).to.include('s3cret');
    }).timeout(180_000);
  }
});
