import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { renderAnswerFile } from '../answers/answer-file.js';
import { Configuration } from '../config/configuration.js';
import { isInstalled } from '../config/image-spec.js';
import { resolveImage } from '../config/resolve.js';
import { silentLog } from '../host/log.js';
import { answerFileSource } from '../images/answer-file-source.js';
import { filesCheck } from './files-check.js';
import { goldenExceptions } from './golden-check.js';
import type { Check } from './subject.js';

describe('before the build', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'files-check-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  async function findings(check: Check, text: string): Promise<string[]> {
    const own = [{ name: join(directory, 'my.conf'), text: `[web]\nlike = debian-13\n${text}` }];
    const configuration = new Configuration(own, Configuration.shippedSources());
    const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
    const answerFile = isInstalled(spec)
      ? await renderAnswerFile(answerFileSource(spec)).catch(() => undefined)
      : undefined;
    const host = { log: silentLog, signal: new AbortController().signal };
    const found = await check({ host, configuration, spec, answerFile });
    return found.map(({ weight, message }) => `${weight}: ${message.replaceAll(directory, '…')}`);
  }

  it('files to copy must be there, beside the configuration, or be made by the command before the build', async () => {
    expect(await findings(filesCheck, 'files = site\n')).to.deep.equal([
      "error: …/my.conf:3: [web] files = site: can't read the directory …/site: no such file or directory",
    ]);
    expect((await findings(filesCheck, 'files = site\npre-build-command = true\n')).join()).to.match(
      /^warning: .*, unless pre-build-command makes it$/,
    );
    mkdirSync(join(directory, 'site'));
    expect(await findings(filesCheck, 'files = site\n')).to.deep.equal([]);
  });

  it('their list must be one, of files that are there', async () => {
    mkdirSync(join(directory, 'site/etc'), { recursive: true });
    writeFileSync(join(directory, 'site/etc/motd'), '');
    writeFileSync(join(directory, 'site.modes'), '- - 0600 /etc/motd\nroot root 0644 /etc/issue\n');
    expect(await findings(filesCheck, 'files = site\n')).to.deep.equal([
      'error: …/site.modes: there is no /etc/issue in …/site',
    ]);
    writeFileSync(join(directory, 'site.modes'), 'root 0644 /etc/motd\n');
    expect((await findings(filesCheck, 'files = site\n')).join()).to.match(
      /^error: …\/site\.modes:1: .*expected 'USER/,
    );
  });

  it('what is copied into a tree must be files, directories or links', async () => {
    mkdirSync(join(directory, 'site/run'), { recursive: true });
    symlinkSync('/nowhere', join(directory, 'site/link'));
    execFileSync('mkfifo', [join(directory, 'site/run/pipe')]);
    expect(await findings(filesCheck, 'files = site\nparent = file:base.tar\n')).to.deep.equal([
      'error: …/my.conf:3: [web] files = site: …/site/run/pipe is neither a file, a directory nor a symbolic link',
    ]);
    expect(await findings(filesCheck, 'files = site\n')).to.deep.equal([]);
  });

  it("an answer file of one's own must copy them", async () => {
    writeFileSync(join(directory, 'own.cfg'), 'd-i a/b string c\n');
    mkdirSync(join(directory, 'site'));
    const [found = ''] = await findings(filesCheck, `files = site\npreseed = ${join(directory, 'own.cfg')}\n`);
    expect(found).to.match(/^error: .*own\.cfg does not copy them: call \{\{> golden\/files\.sh\}\}/);
  });

  it('exceptions from the rules of golden images must be rules', async () => {
    expect(await findings(goldenExceptions, 'golden-except = authorized-keys, ssh-host-keys\n')).to.deep.equal([]);
    expect((await findings(goldenExceptions, 'golden-except = authorised-keys\n')).join()).to.match(
      /^error: .*my\.conf:3: .*there is no rule 'authorised-keys' \(did you mean 'authorized-keys'\?\)$/,
    );
    expect((await findings(goldenExceptions, 'golden-except = authorized-keys machine-id\n')).join()).to.match(
      /several are separated by commas/,
    );
  });
});
