import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as described from './description-types.js';
import type { OptionType } from './option-types.js';

const words: readonly (readonly [string, OptionType<unknown>, readonly string[], readonly string[]])[] = [
  [
    'hostName',
    described.hostName,
    ['web', 'web-1.example', '3com', 'a'.repeat(63)],
    ['', '-x', 'x-', 'a_b', 'ü', 'a'.repeat(64), 'a b', 'a..b'],
  ],
  ['domainName', described.domainName, ['localdomain', 'example.org'], ['', '.org', 'example.org.', 'a/b']],
  [
    'locale',
    described.locale,
    ['en_US.UTF-8', 'de_DE@euro', 'C.UTF-8', 'C', 'ast_ES.UTF-8'],
    ['', 'en', 'english', 'en_us', 'en_US.UTF-8 x'],
  ],
  ['keymap', described.keymap, ['us', 'de-latin1', 'pt_BR'], ['', '-x', 'us de', '../us']],
  [
    'timezone',
    described.timezone,
    ['Etc/UTC', 'Europe/Berlin', 'US/Eastern', 'America/Argentina/Buenos_Aires', 'Etc/GMT+1', 'UTC'],
    ['', '/etc/passwd', 'Europe/../UTC', 'Europe/', 'a b', 'Mars/Base', 'Europe/Berln'],
  ],
  [
    'passwordHash',
    described.passwordHash,
    ['', '!', '$6$salt$hash', '$y$j9T$salt$hash', '$2b$12$abc./', '$6$rounds=5000$salt$hash'],
    ['secret', '!!', '$6$', '$6$salt$ha sh', "$6$salt$ha'sh", '$6$salt$\nx'],
  ],
  [
    'userName',
    described.userName,
    ['', 'ops', '_apt', 'a-b_1'],
    ['root', 'Ops', '1a', '-a', 'a b', 'a.b', 'a'.repeat(33)],
  ],
  [
    'url',
    described.url,
    ['', 'http://proxy.example.org:3128/', 'https://u:p@h'],
    ['proxy:3128', 'ftp://h/', 'http://', 'http://h/ x'],
  ],
  ['services', described.services, ['', 'cron ssh.socket getty@ttyS0.service'], ['a/b', '-x', 'cron; reboot', '$x']],
  [
    'packages',
    described.packages,
    ['', 'curl -nano g++ libc6:amd64 @core', '-kernel-*'],
    ['--x', 'a/b', 'a;b', '$(x)', "it's"],
  ],
  ['sizeOrNone', described.sizeOrNone, ['0', '512M', '1 GiB'], ['1', 'none', '-1G']],
];

describe('types of options that describe the installed system', () => {
  for (const [name, type, right, wrong] of words) {
    it(`${name}: ${right.map((value) => JSON.stringify(value)).join(', ')}`, () => {
      for (const value of right) expect(() => type.parse(value), value).not.to.throw();
      for (const value of wrong) expect(() => type.parse(value), value).to.throw(/^(a|an|the|names) /);
    });
  }

  it('packages are added, or left out', () => {
    expect(described.packages.parse('curl\n  -nano   jq')).to.deep.equal({ added: ['curl', 'jq'], leftOut: ['nano'] });
    expect(described.packages.parse('g++ -x @core').added).to.deep.equal(['g++', '@core']);
    // apt would remove it.
    expect(() => described.packages.parse('hello-')).to.throw(/which 'hello-' is not/);
  });

  it('repositories have a name, a URL, and what Debian needs', () => {
    const text = 'a http://h/debian stable main contrib key=https://h/k\n\n b https://h/x';
    expect(described.repositories.parse(text)).to.deep.equal([
      { name: 'a', url: 'http://h/debian', suite: 'stable', components: ['main', 'contrib'], key: 'https://h/k' },
      { name: 'b', url: 'https://h/x', suite: undefined, components: [], key: undefined },
    ]);
    for (const line of ['http://h/', 'a', 'a h/x', 'a http://h/ $(x)', 'a/b http://h/', 'a http://h/ key=x']) {
      expect(() => described.repositories.parse(line), line).to.throw('a repository on each line');
    }
  });

  describe('what stands in files', () => {
    let directory: string;
    before(() => (directory = mkdtempSync(join(tmpdir(), 'described-'))));
    after(() => rmSync(directory, { recursive: true }));

    it('is public keys, beside those written down', () => {
      const file = join(directory, 'keys');
      writeFileSync(file, '# mine\nssh-ed25519 AAAA one\n\necdsa-sha2-nistp256 BBBB\n');
      for (const name of [file, `file:${file}`]) {
        expect(described.authorizedKeys.parse(`ssh-rsa CCCC three\n${name}`)).to.deep.equal([
          'ssh-rsa CCCC three',
          'ssh-ed25519 AAAA one',
          'ecdsa-sha2-nistp256 BBBB',
        ]);
      }
      expect(() => described.authorizedKeys.parse(join(directory, 'none'))).to.throw(
        'a file that can be read: no such file or directory',
      );
      expect(() => described.authorizedKeys.parse('AAAA one')).to.throw("which 'AAAA one' is not");
    });

    it('is a script of text, not too long for one argument of a program', () => {
      const file = join(directory, 'script');
      writeFileSync(file, '#!/bin/sh\n');
      expect(described.fileContent.parse(file)).to.equal('#!/bin/sh\n');
      expect(described.fileContent.parse('')).to.equal('');
      writeFileSync(file, 'x'.repeat(64 * 1024 + 1));
      expect(() => described.fileContent.parse(file)).to.throw('64 KiB');
      writeFileSync(file, 'a\0b');
      expect(() => described.fileContent.parse(file)).to.throw('a file of text');
    });
  });
});
