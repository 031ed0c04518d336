import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { Configuration } from '../config/configuration.js';
import { resolveImage } from '../config/resolve.js';
import { bundleCheck, directoriesToUpload } from './bundle-check.js';

describe('bundles, before a build', () => {
  async function found(lines: string): Promise<string[]> {
    const text = `[web]\nlike = debian-13\n${lines}\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
    const answerFile = { name: 'web.cfg', content: Buffer.from(''), mentioned: new Set(['layout']) };
    const subject = { host: testHost(), configuration, spec, answerFile };
    const findings = [...(await bundleCheck(subject)), ...directoriesToUpload(subject)];
    return findings.map(({ weight, message }) => `${weight}: ${message}`);
  }

  it('are errors where the layout has not what their targets need', async () => {
    expect(await found('layout = bios\nbundles = qcow2, hyperv')).to.deep.equal([
      "error: my.conf:4: [web] bundles = qcow2, hyperv: the target 'hyperv' needs 'uefi', but the layout bios has no EFI system partition; 'layout = hybrid' has",
      "error: my.conf:4: [web] bundles = qcow2, hyperv: the target 'hyperv' needs 'gpt', but the layout bios has no GPT; 'layout = hybrid' has",
    ]);
    expect(await found('layout = hybrid\nbundles = qcow2, hyperv')).to.deep.equal([]);
    expect(await found('layout = bios\nbundles = qcow2, azure')).to.deep.equal([]);
  });

  it('are told where they are directories, which no destination gets', async () => {
    const server = '[server]\nupload_type = rclone\nupload_target = store:images';
    const registry = '[registry]\nupload_type = oci\nupload_target = docker://registry.example.org/web';
    const lines = (names: string) =>
      `bundles = oci-directory, qcow2\nupload_destinations = ${names}\n${server}\n${registry}`;
    expect(await found(lines('server'))).to.deep.equal([
      "warning: my.conf:3: [web] bundles = oci-directory, qcow2: the target 'oci-directory' is a directory, which is not uploaded to server; 'oci' is the same as one file",
    ]);
    expect(await found(lines('server, registry'))).to.deep.equal([]);
  });
});
