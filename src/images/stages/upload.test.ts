import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { rejection } from '../../../test/support/host.js';
import { testPlan, type TestPlan } from '../../../test/support/plan.js';
import { testStageHost } from '../../../test/support/stage.js';
import type { BuildState } from '../build.js';
import { upload } from './upload.js';

describe('the stage upload', () => {
  const image = { name: 'web-2026-01-02.qcow2', bytes: 3, sha256: 'ba78' };
  let test: TestPlan;
  afterEach(() => test.remove());

  function planned(): void {
    const destination = (name: string) =>
      `[${name}]\nupload_type = rsync\nupload_target = {here}/${name}/\npost-upload-command = sh -c "echo x >> {here}/${name}/hooks"\n`;
    test = testPlan('format = qcow2\nupload_destinations = one, two', `${destination('one')}${destination('two')}`);
    const { spec, paths } = test.plan;
    const here = (text: string) => text.replaceAll('{here}', test.directory);
    const destinations = spec.destinations.map((each) => ({
      ...each,
      target: here(each.target),
      postUploadCommands: each.postUploadCommands.map((words) => words.map(here)),
    }));
    test = { ...test, plan: { ...test.plan, spec: { ...spec, destinations } } };
    for (const file of [paths.image, paths.checksum, paths.manifest]) writeFileSync(file, 'abc');
    mkdirSync(join(test.directory, 'one'));
  }

  it('takes the image and its checksum to each destination, and runs the commands there', async () => {
    planned();
    mkdirSync(join(test.directory, 'two'));
    const host = testStageHost<BuildState>();
    await upload.run(host, upload.wants(test.plan)!, { image });
    for (const name of ['one', 'two']) {
      expect(readdirSync(join(test.directory, name))).to.have.members([
        'hooks',
        'web-2026-01-02.qcow2',
        'web-2026-01-02.qcow2.sha256sum',
      ]);
    }
  });

  it('does not do again what was done when a later destination failed', async () => {
    planned();
    writeFileSync(join(test.directory, 'two'), 'no directory');
    const host = testStageHost<BuildState>();
    const want = upload.wants(test.plan)!;
    expect(String(await rejection(upload.run(host, want, { image })))).to.match(/Upload to two failed/);
    const left = host.checkpoints.at(-1)!;
    expect(left.uploaded).to.have.length(1);

    rmSync(join(test.directory, 'two'));
    mkdirSync(join(test.directory, 'two'));
    rmSync(join(test.directory, 'one/hooks'));
    await upload.run(host, want, { image, ...left });
    expect(readdirSync(join(test.directory, 'one')), 'its command is not run twice').not.to.include('hooks');
    expect(readdirSync(join(test.directory, 'two'))).to.include('hooks');
  });

  it('does it again for another image', async () => {
    planned();
    mkdirSync(join(test.directory, 'two'));
    const host = testStageHost<BuildState>();
    const want = upload.wants(test.plan)!;
    await upload.run(host, want, { image });
    rmSync(join(test.directory, 'one/hooks'));
    await upload.run(host, want, { image: { ...image, sha256: 'other' }, ...host.checkpoints.at(-1) });
    expect(readdirSync(join(test.directory, 'one'))).to.include('hooks');
  });

  it('is not asked for without destinations', () => {
    test = testPlan();
    expect(upload.wants(test.plan)).to.equal(undefined);
  });
});
