import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { testPlan, type TestPlan } from '../../../test/support/plan.js';
import { testStageHost } from '../../../test/support/stage.js';
import { render } from './render.js';
import { installOrigin } from '../../config/image-spec.js';

describe('the stage render', () => {
  let test: TestPlan;
  afterEach(() => test.remove());

  function planned(template: string): void {
    test = testPlan('preseed = web.preseed.hbs\ndata_dir = .\nhttp-directory = /srv\nmy-password = hunter2');
    const path = join(test.directory, 'web.preseed.hbs');
    writeFileSync(path, template);
    const { spec } = test.plan;
    const origin = { ...spec.origin, answerFile: { kind: 'preseed' as const, path } };
    test = { ...test, plan: { ...test.plan, spec: { ...spec, origin } } };
  }

  it('leaves the answer file where only this user can read it', async () => {
    planned('d-i mirror/http/hostname string {{http-host}}\n');
    const state = { guestHost: '10.0.2.2:8000' };
    const { answerFile } = await render.run(testStageHost(), render.wants(test.plan)!, state);
    expect(readFileSync(answerFile, 'utf8')).to.equal('d-i mirror/http/hostname string 10.0.2.2:8000\n');
    expect(statSync(answerFile).mode & 0o777).to.equal(0o600);
  });

  it('makes its secrets known to the mask of the build', async () => {
    planned('d-i passwd/root-password password hunter2\nd-i passwd/other-password password written-here\n');
    const host = testStageHost();
    await render.run(host, render.wants(test.plan)!, {});
    expect(host.secrets.mask('hunter2 and written-here')).to.equal('*** and ***');
  });

  it('starts again where the answer file changes', async () => {
    planned('d-i a/b string {{my-password}}\n');
    const before = JSON.stringify(await render.inputs!(render.wants(test.plan)!, {}));
    writeFileSync(installOrigin(test.plan.spec).answerFile.path, 'd-i a/b string other\n');
    expect(JSON.stringify(await render.inputs!(render.wants(test.plan)!, {}))).not.to.equal(before);
  });

  it('starts again where the layout changes that it tells the installer', async () => {
    planned('d-i partman-auto/expert_recipe string {{{layout-storage layout}}}\n');
    const file = join(test.directory, 'own.yaml');
    const layout = (size: string) =>
      writeFileSync(
        file,
        `- local_loop: {name: image0}
- partitioning:
    base: image0
    label: mbr
    partitions:
      - {name: root, size: ${size}, mkfs: {type: ext4, mount: {mount_point: /, fstab: {}}}}
      - {name: data, size: 100%, mkfs: {type: ext4, label: data, mount: {mount_point: /data, fstab: {}}}}
`,
      );
    const plan = { ...test.plan, spec: { ...test.plan.spec, layout: { name: 'own.yaml', file } } };
    layout('20MiB');
    const before = JSON.stringify(await render.inputs!(render.wants(plan)!, {}));

    expect(JSON.stringify(await render.inputs!(render.wants(plan)!, {}))).to.equal(before);
    layout('30MiB');
    expect(JSON.stringify(await render.inputs!(render.wants(plan)!, {}))).not.to.equal(before);
  });
});
