import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { testPlan, type TestPlan } from '../../../test/support/plan.js';
import { testStageHost } from '../../../test/support/stage.js';
import { serve } from './serve.js';

describe('the stage serve', () => {
  let test: TestPlan;
  afterEach(() => test.remove());

  it('shows the directory to the guest until the build ends', async () => {
    test = testPlan('http-directory = /srv');
    writeFileSync(join(test.directory, 'Packages'), 'Package: x\n');
    const host = testStageHost();
    const { guestHost } = await serve.run(host, { directory: test.directory }, {});
    // The guest's 10.0.2.2 is the loopback interface of the builder (QEMU, user networking).
    const url = `http://127.0.0.1:${guestHost.replace(/^10\.0\.2\.2:/, '')}/Packages`;
    expect(await (await fetch(url)).text()).to.equal('Package: x\n');
    await host.release.releaseAll(host.log);
    expect(
      await fetch(url).then(
        () => 'answers',
        () => 'is gone',
      ),
    ).to.equal('is gone');
  });

  it('is not asked for without http-directory', () => {
    test = testPlan();
    expect(serve.wants(test.plan)).to.equal(undefined);
  });
});
