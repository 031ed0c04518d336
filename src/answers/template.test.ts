import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../host/failure.js';
import { renderAnswerFile } from './answer-file.js';

describe('a template', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'template-'));
    mkdirSync(join(directory, 'partials/directory.hbs'), { recursive: true });
    partial('loop', '\n{{> round}}');
    partial('round', '{{> loop}}');
    partial('of-element', '{{this.name}} on {{hostname}}');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function partial(name: string, text: string): void {
    writeFileSync(join(directory, `partials/${name}.hbs`), text);
  }

  const variables = { hostname: 'web', packages: 'one two', extra: 'own http://u/' };

  async function rendered(template: string): Promise<string> {
    const path = join(directory, 'main.cfg.hbs');
    writeFileSync(path, template);
    return (await renderAnswerFile({ kind: 'preseed', path, variables, searchPath: [] })).content.toString();
  }

  async function problem(template: string): Promise<string> {
    try {
      return `no problem: ${await rendered(template)}`;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return error.problems.join('\n').replaceAll(`${directory}/`, '');
    }
  }

  describe('knows the options of the section in every block', () => {
    const cases: Readonly<Record<string, string>> = {
      '{{#each (words packages)}}{{this}}@{{hostname}} {{/each}}': 'one@web two@web ',
      '{{#each (repositories extra)}}{{this.name}}@{{hostname}}{{/each}}': 'own@web',
      '{{#with (repositories extra)}}{{#each this}}{{hostname}}{{../hostname}}{{@root.hostname}}{{/each}}{{/with}}':
        'webwebweb',
      '{{#each (words packages) as |name|}}{{name}}@{{hostname}} {{/each}}': 'one@web two@web ',
      '{{#each (words packages)}}{{#if hostname}}{{hostname}}{{../hostname}} {{/if}}{{/each}}': 'webweb webweb ',
      '{{#each (repositories extra)}}{{> of-element}}{{/each}}': 'own on web',
      '{{#each (words packages)}}{{#each (words packages)}}{{hostname}} {{/each}}{{/each}}': 'web web web web ',
      '{{#each (repositories extra)}}{{#if this.suite}}{{else}}no suite{{/if}}{{/each}}': 'no suite',
    };
    for (const [template, text] of Object.entries(cases)) {
      it(template, async () => expect(await rendered(template)).to.equal(text));
    }
  });

  it('prefers what a partial was given to the option of that name', async () => {
    partial('given', '{{#each (words packages)}}{{hostname}} {{/each}}');
    expect(await rendered('{{> given hostname="mine"}}{{> given}}')).to.equal('mine mine web web ');
  });

  describe('that would leave something out without a word is refused, with its place', () => {
    const cases: Readonly<Record<string, string>> = {
      '\n{{#each hostname}}x{{/each}}':
        "main.cfg.hbs:2: {{#each}} takes a list, and got the text 'web': write {{#each (words OPTION)}} or {{#each (lines OPTION)}}",
      '{{#if (eq hostname)}}x{{/if}}': 'main.cfg.hbs:1: eq takes 2 values, and got 1',
      '{{#if (or)}}x{{/if}}': 'main.cfg.hbs:1: or takes at least one value, and got 0',
      '{{#if}}x{{/if}}': 'main.cfg.hbs:1: {{#if}} takes one value, and got 0',
      '{{#each (repositories extra)}}{{this.ulr}}{{/each}}':
        "main.cfg.hbs:1: there is no 'ulr' in an element with name, url, suite, components, key",
      '{{#each (repositories extra)}}{{url}}{{/each}}':
        "main.cfg.hbs:1: the variable 'url' is not defined: no option of the section has that name; what belongs to an element of {{#each}} is {{this.url}}",
      '{{hostname.short}}': "main.cfg.hbs:1: there is no 'short' in the text 'web'",
      '{{lookup hostname "x"}}': "main.cfg.hbs:1: lookup: there is no 'x' in the text 'web'",
      '{{words packages}}': "main.cfg.hbs:1: a list can't be printed: write {{join (words OPTION)}}, or {{#each}}",
      '{{{words packages}}}': "main.cfg.hbs:1: a list can't be printed: write {{join (words OPTION)}}, or {{#each}}",
      '{{this}}': "main.cfg.hbs:1: all options of the section can't be printed",
      '{{@index}}': 'main.cfg.hbs:1: there is nothing to print here',
      '{{@indx}}': "main.cfg.hbs:1: there is no @indx (did you mean 'index'?)",
      '{{"hostname"}}': 'main.cfg.hbs:1: {{hostname}} is no name: write what it stands for without braces',
    };
    for (const [template, message] of Object.entries(cases)) {
      it(JSON.stringify(template), async () => expect(await problem(template)).to.equal(message));
    }
  });

  describe('that calls a helper wrongly is told which, where, and what it takes', () => {
    const cases: Readonly<Record<string, string>> = {
      '{{join hostname}}':
        "main.cfg.hbs:1: join takes a list, and got the text 'web': (words OPTION) or (lines OPTION) makes a list of a text",
      '{{{shell (words packages)}}}':
        'main.cfg.hbs:1: shell takes a text, and got a list: (join LIST) makes a text of a list',
      '\n\n{{mebibytes hostname}}':
        "main.cfg.hbs:3: mebibytes: 'web': expected a size with a unit, such as '2G', '512 MiB' or '2 GB'",
      '{{joinn (words packages)}}': "main.cfg.hbs:1: there is no helper 'joinn' (did you mean 'join'?)",
      '{{log hostname}}': "main.cfg.hbs:1: there is no helper 'log'",
      '{{#words packages}}x{{/words}}': 'main.cfg.hbs:1: words is no block: write {{#if (words …)}}, or {{words …}}',
      '{{base64 hostname}}': 'main.cfg.hbs:1: base64 stands around a block: {{#base64}} … {{/base64}}',
      '{{needs hostname "a name"}}':
        'main.cfg.hbs:1: {{needs}} takes the option\'s name in quotes: {{needs "hostname" "…"}}',
    };
    for (const [template, message] of Object.entries(cases)) {
      it(JSON.stringify(template), async () => expect(await problem(template)).to.equal(message));
    }
  });

  describe('that is none is told in a sentence', () => {
    const cases: Readonly<Record<string, string>> = {
      'a\n{{#if hostname}}\n{{#each (words packages)}}x{{/each}}\n':
        'main.cfg.hbs:2: {{#if}} has no {{/if}} up to the end of the file',
      '{{#if hostname}}{{/each}}':
        'main.cfg.hbs:1: {{#if}} is closed by {{/each}}; blocks must end in the order in which they are nested',
      '{{/if}}':
        "main.cfg.hbs:1: the template can't be read here: the end of a block that was not begun is not expected",
      '{{hostname }': "main.cfg.hbs:1: '{{hostname' is not closed by }}, or goes on with what has no meaning in a tag",
      'a {{!-- b': 'main.cfg.hbs:1: a tag that begins with {{ here is not closed',
      '{{#if hostname}}a{{else}}b{{else}}c{{/if}}':
        "main.cfg.hbs:1: the template can't be read here, after '{{else}}b': {{else}} is not expected",
    };
    for (const [template, message] of Object.entries(cases)) {
      it(JSON.stringify(template), async () => expect(await problem(template)).to.equal(message));
    }
  });

  describe('with a partial', () => {
    it('that includes itself is refused, with the circle', async () => {
      expect(await problem('{{> loop}}')).to.equal(
        "partials/loop.hbs:2: the partial 'loop' includes itself without end: loop → round → loop",
      );
    });

    it('that is a directory names it', async () => {
      expect(await problem('\n{{> directory}}')).to.match(/^main\.cfg\.hbs:2: can't read the partial .*directory\.hbs/);
    });

    it('whose name is not written out, or that is not there, is told', async () => {
      expect(await problem('{{> (lookup this "x")}}')).to.equal(
        'main.cfg.hbs:1: the name of a partial must be written out: {{> directory/name}}',
      );
      expect(await problem('{{#> of-elemnt}}x{{/of-elemnt}}')).to.equal(
        "main.cfg.hbs:1: there is no partial 'of-elemnt' (did you mean 'of-element'?)",
      );
    });

    it('of its own may use it', async () => {
      expect(await rendered('{{#*inline "own"}}{{hostname}}{{/inline}}{{> own}}')).to.equal('web');
    });
  });
});
