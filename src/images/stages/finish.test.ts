import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { withFaultAt } from '../../../test/support/file-faults.js';
import { testStageHost } from '../../../test/support/stage.js';
import type { BuildState } from '../build.js';
import { finish } from './finish.js';

describe('the stage finish', () => {
  const image = {
    name: 'web-2026-01-02.qcow2',
    bytes: 3,
    // FIPS 180-2, appendix B.1
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  };
  let output: string;
  const at = (name: string) => join(output, name);
  const want = () => ({
    candidate: at('work/web-2026-01-02.qcow2'),
    image: at('web-2026-01-02.qcow2'),
    stale: [at('web-2026-01-02.qcow2.sha256sum.asc'), at('web-2026-01-02.qcow2.sha256sum')],
    bundles: at('web-2026-01-02.bundles.json'),
    rawDisk: { from: at('work/web-2026-01-02.raw'), to: at('web-2026-01-02.raw') },
    unproven: at('web-2026-01-02.qcow2.unproven'),
    copied: undefined,
  });
  const run = () => finish.run(testStageHost<BuildState>(), want(), { image });

  beforeEach(() => {
    output = mkdtempSync(join(tmpdir(), 'image-factory-finish-'));
    mkdirSync(at('work'));
    writeFileSync(want().candidate, 'abc');
    writeFileSync(want().rawDisk.from, 'disk');
    writeFileSync(want().unproven, 'abd');
    // An image of the same name, which is replaced.
    writeFileSync(want().image, 'old');
    want().stale.forEach((file) => writeFileSync(file, 'of the old one'));
  });
  afterEach(() => rmSync(output, { recursive: true }));

  async function expectFinished(): Promise<void> {
    const names = ['web-2026-01-02.qcow2', 'web-2026-01-02.qcow2.sha256sum', 'web-2026-01-02.raw', 'work'];
    expect(readdirSync(output)).to.have.members(names);
    expect(readdirSync(at('work'))).to.deep.equal([]);
    await execa('sha256sum', ['--check', '--strict', 'web-2026-01-02.qcow2.sha256sum'], { cwd: output });
    expect(readFileSync(want().rawDisk.to, 'utf8')).to.equal('disk');
  }

  it('leaves the image, its checksum, and the raw disk where that is kept', async () => {
    await run();
    await expectFinished();
  });

  it('can be repeated after it is done', async () => {
    await run();
    await run();
    await expectFinished();
  });

  it('can be repeated wherever it was stopped, and never shows a checksum of another image', async () => {
    let nth = 1;
    for (; await withFaultAt(nth, run); nth++) {
      const sum = at('web-2026-01-02.qcow2.sha256sum');
      if (existsSync(sum) && readFileSync(want().image, 'utf8') === 'abc') {
        expect(readFileSync(sum, 'utf8'), `stopped at change ${nth}`).to.match(new RegExp(`^${image.sha256} `));
      }
    }
    expect(nth, 'changes that were tried').to.be.above(6);
    await expectFinished();
  });
});
