import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../../host/failure.js';
import { findProgram } from '../../host/programs.js';
import { rejection, testHost, withStandIn } from '../../../test/support/host.js';
import { validatePreseed } from './preseed.js';

describe('validatePreseed', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'validate-preseed-'))));
  after(() => rmSync(directory, { recursive: true }));

  const findings = (text: string) => {
    const file = join(directory, 'preseed');
    writeFileSync(file, text);
    return validatePreseed(testHost(), file);
  };

  describe('with the real debconf-set-selections', () => {
    before(function () {
      if (findProgram('debconf-set-selections') !== undefined) return;
      console.log('      skipped: debconf-set-selections is not installed: apt-get install debconf');
      this.skip();
    });

    it('finds nothing in a good file', async () => {
      const text = [
        '# a comment',
        'd-i mirror/suite string trixie',
        'd-i partman-auto/expert_recipe string root :: \\',
        '  500 10000 -1 ext4 \\',
        '  .',
        'd-i partman/choose_partition seen false',
        'd-i passwd/user-fullname string',
      ];
      expect(await findings(`${text.join('\n')}\n`)).to.deep.equal([]);
    });

    it('names the line of everything that is wrong, and no secret that stands in it', async () => {
      const lines = ['d-i a/b string x', 'd-i s3cret', 'd-i c/d strnig x', 'd-i passwd/root-password s3cret'];
      const found = await findings(`${lines.join('\n')}\n`);
      expect(found.map(({ line }) => line)).to.deep.equal([2, 3, 4]);
      expect(found[0]?.message).to.equal("expected 'OWNER QUESTION TYPE VALUE'");
      expect(found[1]?.message).to.match(/^expected a type of question: /);
      expect(JSON.stringify(found)).not.to.include('s3cret');
    });

    it('fails for a file that can not be read', async () => {
      const failure = await rejection(validatePreseed(testHost(), join(directory, 'missing')));
      expect(failure).to.be.instanceOf(Failure).with.property('message').that.contains("can't check");
    });
  });

  it('does not take a validator that dies for one that finds nothing', async () => {
    const dying = { directory, name: 'debconf-set-selections', script: '#!/bin/sh\nexit 1\n' };
    const failure = await withStandIn(dying, () => rejection(findings('d-i a/b string x\n')));
    expect(failure).to.be.instanceOf(Failure);
  });
});
