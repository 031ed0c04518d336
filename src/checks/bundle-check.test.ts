import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { Configuration } from '../config/configuration.js';
import { resolveImage } from '../config/resolve.js';
import { bundleCheck } from './bundle-check.js';

describe('bundles, before a build', () => {
  async function found(lines: string): Promise<string[]> {
    const text = `[web]\nlike = debian-13\n${lines}\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
    const answerFile = { name: 'web.cfg', content: Buffer.from(''), mentioned: new Set(['layout']) };
    const findings = await bundleCheck({ host: testHost(), configuration, spec, answerFile });
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
});
