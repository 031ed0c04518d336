import { statSync } from 'node:fs';
import { expect } from 'chai';
import { testPlan, type TestPlan } from '../../../test/support/plan.js';
import { testStageHost } from '../../../test/support/stage.js';
import { create } from './create.js';

describe('the stage create', () => {
  let test: TestPlan;
  afterEach(() => test.remove());

  it('makes an empty disk of the size that is asked for', async () => {
    test = testPlan('image-size = 10M');
    const want = create.wants(test.plan)!;
    await create.run(testStageHost(), want, {});
    const { size, blocks } = statSync(test.plan.paths.rawDisk);
    expect({ size, isSparse: blocks * 512 < size }).to.deep.equal({ size: 10 * 2 ** 20, isSparse: true });
  });

  it('says what it writes, and starts again where the size changes', () => {
    test = testPlan('image-size = 10M');
    const want = create.wants(test.plan)!;
    expect(create.space!(want)).to.deep.equal([
      { what: 'the disk', directory: test.plan.paths.diskDir, least: 10 * 2 ** 20, most: 10 * 2 ** 20 },
    ]);
    expect(create.inputs!(want, {})).to.deep.equal([10 * 2 ** 20]);
  });
});
