import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Configuration } from '../../src/config/configuration.js';
import { descriptionOptions } from '../../src/config/description-options.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { renderShipped, shippedImages, shippedSpec } from '../support/shipped-images.js';
import { installOrigin } from '../../src/config/image-spec.js';

const templates = join(programDirectory, 'templates');
const images = shippedImages();

describe('the shipped templates', () => {
  for (const name of images) {
    it(`honour each description option for ${name}, or say that they can't`, async () => {
      const { mentioned } = await renderShipped(name);
      expect([...mentioned]).to.include.members(Object.keys(descriptionOptions));
    });
  }

  it('belong to sections that resolve, whatever [DEFAULT] holds for others', () => {
    const alone = new Configuration([], Configuration.shippedSources());
    for (const name of alone.imageNames()) {
      const { document } = alone.section(name);
      expect(document.items(name), name).to.have.property('linux');
    }
  });

  it('are all used by an image, or by those that are made from their packages', () => {
    const used = images.map((name) => installOrigin(shippedSpec(name)).answerFile.path);
    const scripts = ['bootstrap.deb.sh.hbs', 'bootstrap.rpm.sh.hbs'];
    const all = readdirSync(templates).filter((file) => file.endsWith('.hbs'));
    expect([...used, ...scripts]).to.include.members(all);
  });

  it('quote every value in a shell script', () => {
    const scripts = readdirSync(join(templates, 'partials'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /^(bootstrap|golden|kickstart|suse)\/.*\.sh\.hbs$/.test(file))
      .map((file) => join(templates, 'partials', file));
    for (const file of scripts) {
      const text = readFileSync(file, 'utf8');
      for (const [expression] of text.matchAll(/\{{2,3}(?![#/>{]|else\b)[^{}]*\}{2,3}/g)) {
        expect(expression, file).to.match(/^\{\{\{shell .*\}\}\}$/);
      }
    }
  });
});
