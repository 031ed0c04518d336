import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { block, templateHelpers } from '../../src/answers/template-helpers.js';
import { accountHelpers } from '../../src/answers/account-helpers.js';
import { fileHelpers } from '../../src/answers/file-helpers.js';
import { layoutHelpers } from '../../src/answers/layout-helpers.js';
import { installedMachine } from '../../src/answers/partitioning/partitioning.js';
import { TemplateEngine } from '../../src/answers/template.js';
import { descriptionOption } from '../../src/config/description-options.js';
import { canonical } from '../../src/config/option.js';

describe('the table of shipped partials', () => {
  const directory = new URL('../../templates/partials/', import.meta.url);
  const page = readFileSync(new URL('../../docs/adding-a-distribution.md', import.meta.url), 'utf8');
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.hbs'))
    .map((name) => name.slice(0, -'.hbs'.length));

  /** The cells of a partial's row. */
  function row(name: string): string[][] {
    const line = page.split('\n').find((each) => each.startsWith(`| \`${name}\` `)) ?? '';
    return line
      .split('|')
      .slice(2, 4)
      .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word));
  }

  it('tells of each which variables it needs', async () => {
    const silent = { takes: ['text', 'text'], does: () => '' } as const;
    const engine = await TemplateEngine.create({
      ...templateHelpers,
      cannot: silent,
      needs: silent,
      text: block(String),
      ...accountHelpers([]),
      ...fileHelpers([]),
      ...layoutHelpers(
        'preseed',
        installedMachine({}),
        () => undefined,
        () => undefined,
      ),
    });
    for (const name of names) {
      const { references } = engine.read({ file: name, text: readFileSync(new URL(`${name}.hbs`, directory), 'utf8') });
      const variables = references.filter(({ what }) => what === 'variable').map((one) => canonical(one.name));
      const sorted = [...new Set(variables)].sort();
      const described = sorted.filter((variable) => descriptionOption(variable) !== undefined);
      const own = sorted.filter((variable) => descriptionOption(variable) === undefined);
      expect(row(name), name).to.deep.equal([described, own]);
    }
  });

  it('names no partial that is not there', () => {
    const section = page.slice(page.indexOf('## Shipped partials'));
    const told = [...section.matchAll(/^\| `([^`]+)` /gm)].map(([, name]) => name);
    expect(told.sort()).to.deep.equal([...names].sort());
  });
});
