import { expect } from 'chai';
import { loginPrompt } from './login-prompt.js';

describe('the signs of a machine that boots', () => {
  it('are a login prompt, whatever the kernel says behind it', () => {
    expect(loginPrompt(['Debian GNU/Linux 13 debian ttyS0', '', 'debian login: '])).to.equal('debian login:');
    expect(loginPrompt(['web-1.example.org login: [   82.3] kvm_amd: Nested'])).to.equal('web-1.example.org login:');
    expect(loginPrompt(['login:'])).to.equal('login:');
  });

  it('are no other lines that speak of a login', () => {
    const lines = [
      '[  OK  ] Started systemd-logind.service',
      'Last login: Sat Nov 21 on ttyS0',
      'systemd-logind login:x',
      '',
    ];
    expect(loginPrompt(lines)).to.equal(undefined);
  });
});
