import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { rejection } from '../../../test/support/host.js';
import { testPlan, type TestPlan } from '../../../test/support/plan.js';
import { testStageHost } from '../../../test/support/stage.js';
import { postBuildHook, preBuildHook } from './hooks.js';

describe('the stages of hooks', () => {
  let test: TestPlan;
  afterEach(() => test.remove());

  it('are not asked for without a command', () => {
    test = testPlan();
    expect(preBuildHook.wants(test.plan)).to.equal(undefined);
    expect(postBuildHook.wants(test.plan)).to.equal(undefined);
  });

  it('run the command before the build in the current directory', () => {
    test = testPlan('pre-build-command = make netboot');
    expect(preBuildHook.wants(test.plan)).to.have.property('directory', process.cwd());
  });

  it('run the command after the build in the output directory, with the name of the image', async () => {
    test = testPlan('format = qcow2\npost-build-command = sh -c "echo $$0 \\"$$(pwd)\\" > told"');
    await postBuildHook.run(testStageHost(), postBuildHook.wants(test.plan)!, {});
    const told = readFileSync(join(test.directory, 'told'), 'utf8');
    expect(told).to.equal(`web-2026-01-02.qcow2 ${test.directory}\n`);
  });

  it('fail with what the command said', async () => {
    test = testPlan('post-build-command = sh -c "echo out of cheese; exit 3"');
    const error = await rejection(postBuildHook.run(testStageHost(), postBuildHook.wants(test.plan)!, {}));
    expect(String(error))
      .to.match(/exit code 3/)
      .and.to.match(/out of cheese/);
  });
});
