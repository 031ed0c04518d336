import { expect } from 'chai';
import { Configuration } from '../config/configuration.js';
import { packageRequest, recordedRequest } from './request.js';

describe('packages that options ask for, in an image without an installer', () => {
  function request(options: readonly string[], source = 'http://example.org/debian trixie main') {
    const lines = ['[group web]', 'packages = nginx, vim-tiny', '[web]', 'group = web', `package-sources = ${source}`];
    const text = [...lines, ...options, '[user ops]', 'sudo = ALL=(root) ALL'].join('\n');
    return packageRequest(new Configuration([{ name: 'my.conf', text }], []), { image: 'web', flavor: undefined });
  }
  const packages = (...options: readonly string[]) => recordedRequest(request(options)).packages;

  it('come along with those of the groups, and say which option it was', () => {
    expect(packages('user = alice', 'firewall = yes')).to.deep.equal(['nftables', 'nginx', 'sudo', 'vim-tiny']);
    expect(packages('users = ops', 'cloud-init = NoCloud')).to.include.members(['sudo', 'cloud-init']);
    expect(packages('unattended-upgrades = yes', 'packages = htop')).to.include.members([
      'htop',
      'unattended-upgrades',
    ]);
    expect(request(['firewall = yes', 'packages = htop']).further).to.deep.equal([
      { name: 'nftables', why: 'option firewall' },
      { name: 'htop', why: 'option packages' },
    ]);
  });

  it('are none where an option says no', () => {
    expect(packages('firewall = no', 'cloud-init = no', 'unattended-upgrades = no', 'user =')).to.deep.equal([
      'nginx',
      'vim-tiny',
    ]);
  });

  it('may be left out, also of what a group takes', () => {
    const { group, ...others } = request(['packages = htop -vim-tiny']);
    expect(recordedRequest({ group, ...others })).to.deep.include({
      packages: ['htop', 'nginx'],
      excluded: ['vim-tiny'],
    });
  });

  it('are those of the distribution', () => {
    const rocky = request(
      ['distribution = Rocky Linux 9', 'firewall = yes', 'user = alice'],
      'http://example.org/base rocky-9',
    );
    expect(recordedRequest(rocky).packages).to.deep.equal(['firewalld', 'nginx', 'sudo', 'vim-tiny']);
  });
});
