import { expect } from 'chai';
import { deadEnd, loginPrompt } from './signs.js';

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

  it('say why a machine will never come up', () => {
    const screens = {
      'the kernel panicked': '[    2.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
      'the firmware finds nothing on the disk that boots': 'No bootable device.',
      'there is no boot loader': 'Missing operating system.',
      'the initramfs does not find the root file system and is at its shell': '(initramfs) ',
      'dracut is in its emergency shell': 'dracut:/# ',
      'the system is in emergency or rescue mode': 'You are in emergency mode. After logging in, type "journalctl -xb"',
      'the system asks for maintenance': 'Press Enter for maintenance',
    };
    for (const [why, line] of Object.entries(screens)) expect(deadEnd(['', line]), line).to.equal(why);
    expect(deadEnd(['error: unknown filesystem.', 'Entering rescue mode...', 'grub rescue> '])).to.match(/^GRUB/);
    expect(deadEnd(['grub> '])).to.match(/^GRUB/);
  });

  it('leave alone what only looks like it', () => {
    expect(deadEnd(['SeaBIOS (version 1.16.2)', 'Booting from Hard Disk...', 'GRUB loading.', 'boot: '])).to.equal(
      undefined,
    );
    expect(deadEnd(['[  OK  ] Reached target rescue.target', 'Loading initramfs ...'])).to.equal(undefined);
  });
});
