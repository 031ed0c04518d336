import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../../host/failure.js';
import { findProgram } from '../../host/programs.js';
import { rejection, testHost, withStandIn } from '../../../test/support/host.js';
import { kickstartVersion, validateKickstart } from './kickstart.js';

describe('kickstartVersion', () => {
  it('reads the comment that pykickstart reads', () => {
    expect(kickstartVersion('# a comment\n#version=RHEL9\nlang en_US.UTF-8\n')).to.equal('RHEL9');
    expect(kickstartVersion('lang en_US.UTF-8\n')).to.equal(undefined);
  });
});

describe('validateKickstart', () => {
  let directory: string;
  let ks: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'validate-kickstart-'));
    ks = join(directory, 'ks.cfg');
  });
  after(() => rmSync(directory, { recursive: true }));

  describe('with the real ksvalidator', () => {
    before(function () {
      if (findProgram('ksvalidator') !== undefined) return;
      console.log('      skipped: ksvalidator is not installed; Debian has no package of it: pipx install pykickstart');
      this.skip();
    });

    it('finds nothing in a good file', async () => {
      writeFileSync(ks, 'lang en_US.UTF-8\n');
      expect(await validateKickstart(testHost(), ks, 'RHEL9')).to.deep.equal([]);
    });

    it('names the line of everything that is wrong', async () => {
      writeFileSync(ks, 'lango x\ninstall\ntimezone --foo\n');
      const found = await validateKickstart(testHost(), ks, 'RHEL9');
      expect(found).to.have.length(3);
      expect(found).to.deep.include({ line: 1, message: 'Unknown command: lango' });
      expect(found).to.deep.include({ line: 2, message: 'install has been removed.' });
    });

    it('names a command that no longer does anything', async () => {
      writeFileSync(ks, 'autostep\n');
      const [found] = await validateKickstart(testHost(), ks, 'RHEL9');
      expect(found?.line).to.equal(1);
      expect(found?.message).to.match(/^The autostep command has been deprecated/);
    });

    it('tells what has no line', async () => {
      writeFileSync(ks, "lang 'a\n");
      expect(await validateKickstart(testHost(), ks, 'RHEL9')).to.deep.equal([
        { line: undefined, message: 'General error in input file: No closing quotation' },
      ]);
    });

    it('fails for a version that it does not know', async () => {
      const failure = await rejection(validateKickstart(testHost(), ks, 'RHEL99'));
      expect(failure).to.be.instanceOf(Failure).with.property('message').that.contains('RHEL99');
    });
  });

  it('does not take a validator that dies for one that finds nothing', async () => {
    const dying = { directory, name: 'ksvalidator', script: '#!/bin/sh\nexit 7\n' };
    expect(await withStandIn(dying, () => validateKickstart(testHost(), ks, 'RHEL9'))).to.deep.equal([
      { line: undefined, message: 'ksvalidator failed with exit code 7' },
    ]);
  });
});
