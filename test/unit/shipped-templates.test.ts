import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Configuration } from '../../src/config/configuration.js';
import { descriptionOptions } from '../../src/config/description-options.js';
import { resolveImage } from '../../src/config/resolve.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { renderAnswerFile } from '../../src/install/answer-file.js';
import { answerFileSource } from '../../src/pipeline/answer-file-source.js';

const templates = join(programDirectory, 'templates');
/** What somebody must set before these images can be built. */
const necessary = {
  name: 'necessary.conf',
  text: '[DEFAULT]\nrhel-mirror = http://mirror.example.org/rhel\nsles-mirror = http://mirror.example.org/sles\n',
};
const shipped = new Configuration([necessary], Configuration.shippedSources());
const images = shipped.imageNames().filter((name) => name !== 'demo');

describe('the shipped templates', () => {
  for (const name of images) {
    it(`honour each description option for ${name}, or say that they can't`, async () => {
      const { mentioned } = await renderAnswerFile(answerFileSource(resolveImage(shipped, name, {}, '2026-11-21')));
      expect([...mentioned]).to.include.members(Object.keys(descriptionOptions));
    });
  }

  it('belong to sections that resolve, whatever [DEFAULT] holds for others', () => {
    for (const name of shipped.imageNames()) {
      const { document } = new Configuration([], Configuration.shippedSources()).section(name);
      expect(document.items(name), name).to.have.property('linux');
    }
  });

  it('are all used by an image', () => {
    const used = images.map((name) => resolveImage(shipped, name, {}, '2026-11-21').answerFile.path);
    expect(used).to.include.members(readdirSync(templates).filter((file) => file.endsWith('.hbs')));
  });

  it('quote every value in a shell script', () => {
    const scripts = readdirSync(join(templates, 'partials'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /^(golden|kickstart|suse)\/.*\.sh\.hbs$/.test(file))
      .map((file) => join(templates, 'partials', file));
    for (const file of scripts) {
      const text = readFileSync(file, 'utf8');
      for (const [expression] of text.matchAll(/\{{2,3}(?![#/>{]|else\b)[^{}]*\}{2,3}/g)) {
        expect(expression, file).to.match(/^\{\{\{shell .*\}\}\}$/);
      }
    }
  });
});
