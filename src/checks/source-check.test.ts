import { expect } from 'chai';
import { kernelLike } from '../../test/support/netboot-content.js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Configuration } from '../config/configuration.js';
import { resolveImage } from '../config/resolve.js';
import { testHost } from '../../test/support/host.js';
import { keyringInVain, localSources } from './source-check.js';
import type { Check } from './subject.js';

const kernel = kernelLike();

describe('the files that a section names', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'source-check-'));
    writeFileSync(join(directory, 'linux'), kernel);
    writeFileSync(join(directory, 'initrd'), '070701');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function found(check: Check, options: string): Promise<string[]> {
    const text = `[web]\npreseed = web.cfg\n${options.replaceAll('DIR', directory)}\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], []);
    const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
    const findings = await check({ host: testHost(), configuration, spec, answerFile: undefined });
    return findings.map(({ weight, message }) => `${weight}: ${message.replaceAll(directory, 'DIR')}`);
  }
  const netboot = 'linux = DIR/linux\ninitrd = DIR/initrd';
  const problems = (options: string) => found(localSources, options);

  it('are there, and what they should be', async () => {
    expect(await problems(netboot)).to.deep.equal([]);
    expect(await problems('linux = http://host/linux\ninitrd = http://host/initrd')).to.deep.equal([]);
  });

  it('are told with file and line where they are missing', async () => {
    expect(
      await problems('linux = nosuch\ninitrd = DIR\nchecksums = DIR/SHA256SUMS\nkeyring = DIR/keys.gpg'),
    ).to.deep.equal([
      'error: my.conf:3: [web] linux = nosuch: no such file or directory',
      'error: my.conf:4: [web] initrd = DIR: it is not a file',
      'error: my.conf:5: [web] checksums = DIR/SHA256SUMS: no such file or directory',
      'error: my.conf:6: [web] keyring = DIR/keys.gpg: no such file or directory',
    ]);
  });

  it('are told where they are something else', async () => {
    writeFileSync(join(directory, 'empty'), '');
    expect(await problems('linux = DIR/initrd\ninitrd = DIR/empty')).to.deep.equal([
      'error: my.conf:3: [web] linux = DIR/initrd: it is not a Linux kernel, but an initrd',
      'error: my.conf:4: [web] initrd = DIR/empty: it is empty',
    ]);
    expect(await problems('installer_image = DIR/linux')).to.have.length(1);
  });

  it('may be made by the pre-build command', async () => {
    expect(await problems('linux = nosuch\ninitrd = nosuch2\npre-build-command = make')).to.deep.equal([]);
  });

  it("don't count where verify = off asks for no lists", async () => {
    expect(await problems(`${netboot}\nchecksums = nosuch\nkeyring = nosuch\nverify = off`)).to.deep.equal([]);
  });

  it('are told where nothing uses them', async () => {
    const warnings = (options: string) => found(keyringInVain, options);
    expect(await warnings(`${netboot}\nkeyring = keys.gpg`)).to.deep.equal([
      "warning: my.conf:5: [web] keyring = keys.gpg: not used, because there is no option 'checksums' whose signature it could check",
    ]);
    expect(await warnings(`${netboot}\nkeyring = keys.gpg\nchecksums = SHA256SUMS`)).to.deep.equal([]);
    const images = 'http://host/debian/dists/trixie/main/installer-amd64/current/images/netboot';
    expect(await warnings(`linux = ${images}/linux\ninitrd = ${images}/initrd.gz\nkeyring = keys.gpg`)).to.deep.equal(
      [],
    );
  });
});
