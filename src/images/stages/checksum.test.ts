import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { testPlan, type TestPlan } from '../../../test/support/plan.js';
import { testStageHost } from '../../../test/support/stage.js';
import { checksum } from './checksum.js';

describe('the stage checksum', () => {
  let test: TestPlan;
  afterEach(() => test.remove());

  it('leaves name, size and sum of the image, under the name that it will have', async () => {
    test = testPlan('format = qcow2');
    writeFileSync(test.plan.paths.candidate, 'abc');
    const { image } = await checksum.run(testStageHost(), checksum.wants(test.plan)!, {});
    expect(image).to.deep.equal({
      name: 'web-2026-01-02.qcow2',
      bytes: 3,
      // FIPS 180-2, appendix B.1
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
  });
});
