import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { changeEnvironment, testHost } from '../../test/support/host.js';
import { programVersion } from './program-directory.js';
import { helperCommand, helperPath, helperTrouble, helperVariable } from './sudo-helper.js';

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

  describe('helperPath', () => {
    let prefix: string;
    beforeEach(() => {
      prefix = mkdtempSync(join(tmpdir(), 'helper-'));
      mkdirSync(join(prefix, 'bin'));
      writeFileSync(join(prefix, 'bin/image-factory-sudo-helper'), '');
    });
    afterEach(() => rmSync(prefix, { recursive: true }));

    it('is the one beside the installed program, whatever lies elsewhere', () => {
      const installed = join(prefix, 'lib/image-factory');
      expect(helperPath(installed, {})).to.equal(join(prefix, 'bin/image-factory-sudo-helper'));
    });

    it('is its own for root in a checkout', () => {
      process.getuid = () => 0;
      expect(helperPath('/srv/checkout', {})).to.equal('/srv/checkout/sudo-helper/image-factory-sudo-helper');
    });

    it('is the one that the environment names', () => {
      expect(helperPath('/srv/checkout', { [helperVariable]: '/opt/helper' })).to.equal('/opt/helper');
    });
  });

  describe('helperTrouble', () => {
    let directory: string;
    beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'helper-'))));
    afterEach(() => rmSync(directory, { recursive: true }));

    async function troubleOf(script: string | undefined) {
      const path = join(directory, 'helper');
      if (script !== undefined) writeFileSync(path, script, { mode: 0o755 });
      const restore = changeEnvironment({ [helperVariable]: path });
      try {
        return (await helperTrouble(testHost()))?.what.replaceAll(directory, '');
      } finally {
        restore();
      }
    }

    it('is none with the helper of this version, for root', async () => {
      process.getuid = () => 0;
      expect(await helperTrouble(testHost())).to.equal(undefined);
    });

    it('tells of a helper that is missing, of another version, or of image-factory 1', async () => {
      const version = programVersion();
      expect(await troubleOf(undefined)).to.equal('/helper does not exist');
      expect(await troubleOf('#!/bin/sh\necho image-factory-sudo-helper 9.9\n')).to.equal(
        `/helper is of image-factory 9.9, but this is image-factory ${version}`,
      );
      expect(await troubleOf('#!/bin/sh\necho Command "\'$*\'" not allowed >&2\nexit 1\n')).to.equal(
        `/helper is of image-factory 1, or of an unknown version, but this is image-factory ${version}`,
      );
    });
  });

  it('names a helper that is there', () => {
    expect(helperPath()).to.match(/^\/.*\/image-factory-sudo-helper$/);
    expect(() => accessSync(helperPath(), constants.X_OK)).not.to.throw();
  });
});
