import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { program, temporaryDirectory } from '../support/demo-image.js';

/** Tells on standard error each module that is loaded. */
const telling = `data:text/javascript,import{register}from'node:module';register('data:text/javascript,${encodeURIComponent(
  'export function load(url,context,next){process._rawDebug("loads "+url);return next(url,context)}',
)}')`;

/** What the build put into a file. */
function sourcesOf(file: string): readonly string[] {
  return (JSON.parse(readFileSync(`${file}.map`, 'utf8')) as { readonly sources: readonly string[] }).sources;
}

describe('the start of the program', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const config = join(directory.path, 'my.conf');
  before(() => writeFileSync(config, '[web]\nlinux = /x/linux\ninitrd = /x/initrd\npreseed = /x/web.cfg.hbs\n'));
  after(() => directory.remove());

  async function packagesOf(...words: string[]): Promise<string[]> {
    const { stderr } = await execa(process.execPath, ['--import', telling, program, ...words]);
    const loaded = [...stderr.matchAll(/^loads file:\/\/(\S+\/lib\/\S+)$/gm)].flatMap(([, file = '']) =>
      sourcesOf(file),
    );
    const packages = loaded.flatMap((source) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []);
    return [...new Set(packages)].sort();
  }

  const light = ['commander', 'fastest-levenshtein', 'shlex'];
  for (const words of [['--help'], ['build', '--help'], ['list'], ['show', 'web']]) {
    it(`loads no library of builds for '${words.join(' ')}'`, async () => {
      const configured = words.includes('--help') ? words : [...words, '--config', config];
      expect(await packagesOf(...configured)).to.include('commander');
      expect((await packagesOf(...configured)).filter((name) => !light.includes(name))).to.deep.equal([]);
    });
  }

  it('loads what renders templates only where one is rendered', async () => {
    expect(await packagesOf('render', 'debian-13')).to.include('handlebars');
  });
});
