import { expect } from 'chai';
import { UsageError } from '../host/failure.js';
import { Configuration } from './configuration.js';
import { resolveImage } from './resolve.js';
import type { UserAccount } from './user-account.js';

function users(text: string): readonly UserAccount[] {
  const image = '[web]\nlinux = l\ninitrd = i\npreseed = p.cfg\n';
  const sources = [{ name: 'my.conf', text: `${image}${text}` }];
  return resolveImage(new Configuration(sources, []), 'web', {}, '2026-11-26').users;
}

function problems(text: string): string {
  try {
    users(text);
  } catch (error) {
    return (error as UsageError).problems.join('\n');
  }
  throw new Error('there is nothing wrong with it');
}

describe('the users of an image', () => {
  it('are described by sections of their own, in the order of the option', () => {
    const [deploy, backup] = users(`users = deploy backup
[user backup]
like = deploy
groups =
sudo = no
[user deploy]
full-name = The Deployer
password-hash = $6$salt$hash
authorized-keys = ssh-ed25519 AAAA one
    ssh-ed25519 BBBB two
groups = adm www-data
sudo = ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx
    ALL=(root) /usr/bin/journalctl
shell = /bin/sh
`);
    expect(deploy).to.deep.equal({
      name: 'deploy',
      fullName: 'The Deployer',
      passwordHash: '$6$salt$hash',
      authorizedKeys: ['ssh-ed25519 AAAA one', 'ssh-ed25519 BBBB two'],
      groups: ['adm', 'www-data'],
      sudo: {
        kind: 'rules',
        rules: ['ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx', 'ALL=(root) /usr/bin/journalctl'],
      },
      shell: '/bin/sh',
    });
    expect(backup).to.deep.include({ fullName: 'The Deployer', groups: [], sudo: { kind: 'none' }, shell: '/bin/sh' });
  });

  it('need nothing but a section, and take nothing from [DEFAULT]', () => {
    const [user] = users('users = ops\n[user ops]\n[DEFAULT]\ngroups = wheel\nshell = /bin/zsh\nsudo = yes\n');
    expect(user).to.deep.equal({
      ...{ name: 'ops', fullName: '', passwordHash: '', authorizedKeys: [], groups: [] },
      ...{ sudo: { kind: 'none' }, shell: '/bin/bash' },
    });
  });

  it('are none by default', () => expect(users('')).to.deep.equal([]));

  it('are told with file and line where something is wrong', () => {
    expect(problems('users = dploy\n[user deploy]\n')).to.equal(
      "my.conf:5: [web]: users: there is no section [user dploy] (did you mean 'deploy'?); write one, which may be empty",
    );
    expect(problems('user = ops\nusers = ops\n[user ops]\n')).to.match(/^my\.conf:6: .*'ops' is the 'user' already/);
    expect(
      problems('users = ops\n[user ops]\nshell = bash\ngroups = Adm\nsudo = everything\n').split('\n'),
    ).to.deep.equal([
      "my.conf:7: [user ops] shell = bash: expected the path of a shell, such as '/bin/bash' or '/usr/sbin/nologin'",
      "my.conf:8: [user ops] groups = Adm: expected names of groups separated by blanks, such as 'adm www-data', which 'Adm' is not",
      "my.conf:9: [user ops] sudo = everything: expected yes, no, or rules of sudoers(5) without the user's name, such as 'ALL=(root) NOPASSWD: /usr/bin/systemctl', which 'everything' is not",
    ]);
  });

  it('keep their password hashes out of logs', () => {
    const text =
      '[web]\nlinux = l\ninitrd = i\npreseed = p.cfg\nusers = ops\n[user ops]\npassword-hash = $6$salt$secret\n';
    const configuration = new Configuration([{ name: 'my.conf', text }], []);
    expect(resolveImage(configuration, 'web', {}, '2026-11-26').secrets).to.include('$6$salt$secret');
  });
});
