import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { makeDisk, program } from '../../../test/support/disk.js';
import { testPlan, type TestPlan } from '../../../test/support/plan.js';
import { testStageHost } from '../../../test/support/stage.js';
import { convert } from './convert.js';

describe('the stage convert', () => {
  let test: TestPlan;
  afterEach(() => test.remove());

  async function converted(lines: string) {
    test = testPlan(lines);
    const { rawDisk } = test.plan.paths;
    makeDisk(rawDisk, 'dos', [{ type: 'L', size: 8, fileSystem: 'ext4', content: import.meta.dirname }]);
    await convert.run(testStageHost(), convert.wants(test.plan)!, {});
    return test.plan.paths;
  }

  it('makes the image of the raw disk, which is removed', async () => {
    const { candidate, workDir } = await converted('format = qcow2');
    expect(program('qemu-img', ['info', candidate])).to.match(/file format: qcow2/);
    // The kernel takes gigabytes back while the build goes on.
    while (readdirSync(workDir).length > 1) await sleep(10);
    expect(readdirSync(workDir)).to.deep.equal([basename(candidate)]);
  });

  it('keeps the raw disk with keep-raw, and changes nothing that is seen in it', async () => {
    const { candidate, rawDisk } = await converted('format = qcow2\nkeep-raw = yes');
    program('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', rawDisk, candidate]);
  });

  it('leaves a raw disk as it is where that is what is asked for', async () => {
    const { rawDisk, candidate } = await converted('format = raw');
    expect(candidate).to.equal(rawDisk);
    expect(existsSync(rawDisk)).to.equal(true);
    expect(convert.commands!(convert.wants(test.plan)!)).to.deep.equal([]);
  });
});
