import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Command } from 'commander';
import { program } from '../../src/cli/program.js';
import { plainText } from '../../src/cli/section-flags.js';
import { bundleOptions } from '../../src/config/bundle-options.js';
import { descriptionOptions } from '../../src/config/description-options.js';
import type { Option } from '../../src/config/option.js';
import { destinationOptions, imageOptions } from '../../src/config/options.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { templateHelpers } from '../../src/answers/template-helpers.js';
import { artifactNames } from '../../src/artifacts/table.js';
import { recipes } from '../../src/images/recipes.js';

const execute = promisify(execFile);
const read = (file: string) => readFileSync(join(programDirectory, file), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

describe('manual pages', () => {
  const pages = new Map<string, Page>();
  before(async () => {
    for (const name of manuals()) pages.set(name, await rendered(name));
  });
  const page = (name: string) => pages.get(name) as Page;

  const tables = {
    'an image': imageOptions,
    'the installed system': descriptionOptions,
    'a destination': destinationOptions,
    'a target of bundles': bundleOptions,
  };
  for (const [section, table] of Object.entries(tables)) {
    it(`describe every option of ${section}`, () => {
      const { text } = page('image-factory.conf.5');
      for (const [name, { type, doc, ...option }] of Object.entries<Option<unknown>>(table)) {
        expect(text).to.include(`${name} = ${type.metavar} ${plainText(doc)}`);
        expect(text).to.include(plainText(option.defaultDoc ?? option.default ?? ''));
      }
    });
  }

  for (const command of commandsOf(program())) {
    it(`describe ${command.name()} and its flags`, () => {
      const { text } = page('image-factory.1');
      expect(text).to.include(command.name()).and.to.include(asSentence(command.description()));
      for (const { long, short } of command.createHelp().visibleOptions(command)) {
        expect(text).to.include(long ?? short);
      }
    });
  }

  it('name the stages in their order', () => {
    expect(numberedNames(page('image-factory.1').markdown)).to.deep.equal(recipes.install.map(({ name }) => name));
  });

  it('tell of every template helper', () => {
    for (const helper of Object.keys(templateHelpers)) {
      expect(page('image-factory.conf.5').markdown).to.match(new RegExp(`\\{[#(]?${helper}[ }]|\\(${helper} `));
    }
  });

  it('have no marker left, and carry version and date', () => {
    for (const { markdown, roff } of pages.values()) {
      expect(markdown).not.to.include('<!--');
      // Newer pandocs write `\\-` for a hyphen.
      expect(roff.replaceAll('\\-', '-')).to.match(
        new RegExp(`^\\.TH .* "\\d{4}-\\d{2}-\\d{2}" "image-factory ${version}"`, 'm'),
      );
    }
  });

  it('have a heading for each of the source, and a term above each definition', () => {
    for (const { markdown, roff } of pages.values()) {
      const written = [...markdown.matchAll(/^##? (.*)$/gm)].map(([, heading]) => heading);
      const shown = [...roff.matchAll(/^\.S[HS] (.*)$/gm)].map(([, heading = '']) => unquoted(heading));
      expect(shown).to.deep.equal(written);
      // A term that no empty line precedes is taken into the text above it.
      for (const [, before, term] of markdown.matchAll(/^(.*)\n(.*)\n+ *: {3}/gm)) {
        expect(before?.trim(), `above '${term}'`).to.equal('');
      }
    }
  });

  it('refer only to manual pages that are there, of this program', () => {
    for (const { markdown } of pages.values()) {
      for (const [, name, section] of markdown.matchAll(/\*\*(image-factory[\w.-]*)\*\*\((\d)\)/g)) {
        expect(manuals()).to.include(`${name}.${section}`);
      }
    }
  });

  it('are refused where a marker is not understood', async () => {
    const failure: unknown = await markdownOf('test/data/manual/unknown-marker.md').catch((error: unknown) => error);
    expect(failure).to.have.property('stderr').that.includes('<!-- options planet -->');
  });
});

describe('README', () => {
  const readme = read('README.md');

  it('names make targets that are there', () => {
    const targets = /^\.PHONY: (.*)$/m.exec(read('Makefile'))?.[1]?.split(' ') ?? [];
    const named = [...readme.matchAll(/(?:^ {4}|`)make ([\w-]+)/gm)].map(([, target]) => target);
    expect(named).to.include.members(['demo', 'check', 'install']);
    expect(targets).to.include.members(named);
  });

  it('names commands and flags that are there', () => {
    const root = program();
    const known = [...commandsOf(root).map((command) => command.name()), 'demo', 'web'];
    const build = commandsOf(root).find((command) => command.name() === 'build') as Command;
    for (const [, word, rest = ''] of readme.matchAll(/(?:^ {4}|`)image-factory ([\w-]+)([^\n`#]*)/gm)) {
      expect(known).to.include(word);
      const command = commandsOf(root).find((candidate) => candidate.name() === word) ?? build;
      for (const [flag] of rest.matchAll(/--[\w-]+/g)) expect(command.options.map(({ long }) => long)).to.include(flag);
    }
  });

  it('shows every file that the demo leaves', () => {
    const names = artifactNames('demo-2026-11-26', 'demo-2026-11-26.qcow2');
    for (const role of [
      'image',
      'checksum',
      'manifest',
      'sbom',
      'provenance',
      'log',
      'events',
      'consoleLog',
    ] as const) {
      expect(readme).to.contain(` ${names[role]} `);
    }
  });

  it('links to files that are there', () => {
    for (const document of ['README.md', 'NEWS.md']) {
      for (const [, link = ''] of read(document).matchAll(/\]\(([^)#:]+)\)/g)) {
        expect(existsSync(join(programDirectory, link)), `${document}: ${link}`).to.equal(true);
      }
    }
  });
});

describe('NEWS', () => {
  it('begins with the version of package.json', () => {
    expect(/^## (\S+) \(\d{4}-\d{2}-\d{2}\)$/m.exec(read('NEWS.md'))?.[1]).to.equal(version);
  });
});

interface Page {
  readonly markdown: string;
  readonly roff: string;
  /** What a reader sees, each stretch of blanks as one. */
  readonly text: string;
}

function manuals(): string[] {
  return readdirSync(join(programDirectory, 'man')).flatMap((file) => /^(.*\.\d)\.md$/.exec(file)?.slice(1) ?? []);
}

async function rendered(name: string): Promise<Page> {
  const markdown = await markdownOf(`man/${name}.md`);
  const roff = await pandoc(markdown, ['--standalone', '--fail-if-warnings', '--to', 'man']);
  const text = await pandoc(markdown, ['--to', 'html']);
  return { markdown, roff, text: visible(text) };
}

async function markdownOf(file: string): Promise<string> {
  return (await execute(process.execPath, ['--import', 'tsx', 'man/render.js', file], { cwd: programDirectory }))
    .stdout;
}

async function pandoc(markdown: string, options: string[]): Promise<string> {
  const called = execute('pandoc', ['--from', 'markdown-smart', ...options]);
  called.child.stdin?.end(markdown);
  return (await called).stdout;
}

/** A heading as roff has it: some versions of pandoc quote it, or write `\\-` for a hyphen. */
function unquoted(heading: string): string {
  return heading.replace(/^"(.*)"$/, '$1').replaceAll('\\-', '-');
}

/** HTML as a reader sees it: what pandoc took for markup of its own (`<image>`) is gone. */
function visible(html: string): string {
  const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };
  return html
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity)
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
}

/** All that `--help` shows, `help` itself included. */
function commandsOf(root: Command): Command[] {
  return [...root.createHelp().visibleCommands(root)];
}

function asSentence(description: string): string {
  return description.charAt(0).toUpperCase() + description.slice(1);
}

/** The names at the beginning of a numbered list's items. */
function numberedNames(markdown: string): string[] {
  return [...markdown.matchAll(/^\d+\. +\(?(?:\*\*|`)([\w-]+)(?:\*\*|`)/gm)].map(([, name = '']) => name);
}
