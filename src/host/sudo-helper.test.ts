import { accessSync, constants } from 'node:fs';
import { expect } from 'chai';
import { helperCommand, helperPath } from './sudo-helper.js';

describe('helperCommand', () => {
  const { getuid } = process;
  afterEach(() => void (process.getuid = getuid!));

  const call = ['cat', '/srv/my disk.raw', '1048576', '2147483648', '/', '/', '/var/log/installer/syslog'] as const;

  it('goes through sudo for a normal user, which must not ask for a password', () => {
    process.getuid = () => 1000;
    const { file, args, env } = helperCommand(call);
    expect([file, ...args]).to.deep.equal(['sudo', '-n', helperPath(), ...call]);
    expect(env).to.equal(undefined);
  });

  it('calls the helper itself for root, whoever root was before', () => {
    process.getuid = () => 0;
    expect(helperCommand(call)).to.deep.equal({ file: helperPath(), args: call, env: { SUDO_UID: '0' } });
  });

  it('names a helper that is there', () => {
    expect(helperPath()).to.match(/^\/.*\/image-factory-sudo-helper$/);
    expect(() => accessSync(helperPath(), constants.X_OK)).not.to.throw();
  });
});
