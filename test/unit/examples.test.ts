import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { preseedCommand } from '../../src/answers/validators/preseed.js';
import { answerFileMeaning, answerFileStorage, unusedOptions } from '../../src/checks/answer-file-checks.js';
import { filesCheck } from '../../src/checks/files-check.js';
import { goldenExceptions } from '../../src/checks/golden-check.js';
import { layoutCheck } from '../../src/checks/layout-check.js';
import type { Check } from '../../src/checks/subject.js';
import { wayIn } from '../../src/checks/way-in.js';
import { Configuration } from '../../src/config/configuration.js';
import { installOrigin } from '../../src/config/image-spec.js';
import { resolveImage } from '../../src/config/resolve.js';
import { silentLog } from '../../src/host/log.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';
import { scriptAtTheEnd } from '../support/shipped-images.js';

const directory = join(programDirectory, 'examples');
const files = readdirSync(directory).filter((name) => name.endsWith('.conf'));

/** Whatever a build would tell of an image before it begins, but for what depends on this machine. */
const checks: readonly Check[] = [
  ...[layoutCheck, filesCheck, goldenExceptions, answerFileStorage, answerFileMeaning, unusedOptions, wayIn],
];

describe('the examples', () => {
  const here = process.cwd();
  before(() => process.chdir(directory));
  after(() => process.chdir(here));

  function configurationOf(name: string): Configuration {
    const text = readFileSync(join(directory, name), 'utf8');
    return new Configuration([{ name: join(directory, name), text }], Configuration.shippedSources());
  }

  for (const name of files) {
    const configuration = configurationOf(name);
    for (const image of configuration.imageNames().filter((each) => configuration.isOwn(each))) {
      it(`${name}: [${image}] is rendered, and nothing is wrong with it`, async () => {
        const spec = resolveImage(configuration, image, {}, '2026-11-26');
        const answerFile = await renderAnswerFile(answerFileSource(spec));
        const host = { log: silentLog, signal: new AbortController().signal };
        for (const check of checks) {
          expect(await check({ host, configuration, spec, answerFile })).to.deep.equal([]);
        }
        const { kind } = installOrigin(spec).answerFile;
        if (kind === 'preseed' && existsSync('/usr/bin/debconf-set-selections')) {
          const { status, stderr } = spawnSync('debconf-set-selections', ['--checkonly'], {
            input: answerFile.content,
            encoding: 'utf8',
            env: { ...process.env, ...preseedCommand('').env },
          });
          expect([status, stderr]).to.deep.equal([0, '']);
        }
        if (kind !== 'preseed' && kind !== 'kickstart') return;
        const script = scriptAtTheEnd(answerFile.content.toString());
        expect(spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' }).stderr).to.equal('');
        expect(script).to.match(/^: >\/etc\/machine-id$/m);
      });
    }
  }

  it('say of every file what it is for', () => {
    const text = files.map((name) => readFileSync(join(directory, name), 'utf8')).join('');
    for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      const path = name.replace(/^web\/files\/.*/, 'web/files');
      if (path.includes('.') && !path.endsWith('.conf')) expect(text + 'web/files.modes').to.contain(path);
    }
  });

  it('have a web server in ten lines', () => {
    const lines = readFileSync(join(directory, 'web.conf'), 'utf8').split('\n');
    expect(lines.filter((line) => !/^(?:#|\s*$)/.test(line))).to.have.length(10);
  });
});
