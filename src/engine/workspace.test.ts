import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { rejection, testHost } from '../../test/support/host.js';
import { Failure, UsageError } from '../host/failure.js';
import { claimWorkPlace, type WorkPlace } from './workspace.js';

describe('the output directory of a build', () => {
  let top: string;
  beforeEach(() => (top = mkdtempSync(join(tmpdir(), 'workspace-'))));
  afterEach(() => rmSync(top, { recursive: true }));

  const claim = (outputDir: string) =>
    claimWorkPlace(testHost(), { name: 'web', outputDir } as WorkPlace<unknown>, () =>
      Promise.reject(new Error('claimed')),
    );

  it('is made, before the image is claimed', async () => {
    expect(await rejection(claim(join(top, 'a/b')))).to.have.property('message', 'claimed');
  });

  it('is a mistake of the user’s if it is a file, or in one', async () => {
    const file = join(top, 'file');
    writeFileSync(file, '');
    for (const outputDir of [file, join(file, 'out')]) {
      const error = await rejection(claim(outputDir));
      expect(error).to.be.instanceOf(UsageError);
      expect(error).to.have.property('message').that.includes(`can't make the output directory ${outputDir}: `);
    }
  });

  it('is no mistake, but a failure, where the system does not let it be made', async () => {
    expect(await rejection(claim('/proc/none'))).to.be.instanceOf(Failure);
  });
});
