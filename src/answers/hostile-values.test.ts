import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { AnswerFileKind } from '../config/image-spec.js';
import { programDirectory } from '../host/program-directory.js';
import { renderAnswerFile } from './answer-file.js';
import { preseedCommand } from './validators/preseed.js';

/** Texts of what is special to one language or another. */
const hostile = fc.string({
  unit: fc.constantFrom(
    ...[
      '"',
      "'",
      '`',
      '$',
      '$(',
      '${',
      '\\',
      '<',
      '>',
      '&',
      '&amp;',
      ']]>',
      '\n',
      '\nd-i ',
      '\n%',
      '\nEND\n',
      ' #',
      ': ',
    ],
    ...[
      '- ',
      ';',
      '|',
      '*',
      '{{',
      '}}',
      '!',
      '\t',
      ' ',
      '=',
      ',',
      'a',
      'ü',
      '✓',
      '😀',
      '\u0085',
      '\u00a0',
      '\u2028',
      '\ufeff',
    ],
  ),
  maxLength: 12,
});
/** Many at once, for one call of the parser. */
const manyHostile = fc.array(hostile, { minLength: 40, maxLength: 60 });
const runs = { numRuns: 8 };

const python = (script: string, input: string): unknown =>
  JSON.parse(execFileSync('/usr/bin/python3', ['-c', `import json, sys\n${script}`], { input, encoding: 'utf8' }));

describe('whatever a value is made of', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'hostile-'))));
  after(() => rmSync(directory, { recursive: true }));

  async function rendered(kind: AnswerFileKind, template: string, values: readonly string[]): Promise<string> {
    const path = join(directory, 'main.hbs');
    writeFileSync(path, template);
    const variables = Object.fromEntries(values.map((value, index) => [`v${index}`, value]));
    const searchPath = [join(programDirectory, 'templates')];
    return (await renderAnswerFile({ kind, path, variables, searchPath })).content.toString();
  }

  /** A template that holds every value once. */
  function each(values: readonly string[], line: (variable: string, index: number) => string, between = '\n'): string {
    return values.map((_, index) => line(`v${index}`, index)).join(between);
  }

  const oneLine = (value: string) => value.replace(/\s*\n\s*/g, ' ');

  it('debconf reads it as one answer', async function () {
    if (!existsSync('/usr/bin/debconf-set-selections')) {
      console.log('      skipped: debconf is not installed; run it on Debian with: make check');
      this.skip();
    }
    await fc.assert(
      fc.asyncProperty(manyHostile, async (values) => {
        const input = await rendered('preseed', `${each(values, (v, i) => `d-i q/${i} string {{${v}}}`)}\n`, values);
        const { stderr, status } = spawnSync('debconf-set-selections', ['--checkonly', '--verbose'], {
          input,
          encoding: 'utf8',
          env: { ...process.env, ...preseedCommand('').env },
        });
        expect(status).to.equal(0);
        const set = stderr.split('\n').filter((line) => /^(info: Trying|error|warning)/.test(line));
        expect(set).to.deep.equal(
          values.map((value, index) => {
            const line = oneLine(value).replace(/\\$/, '\\ ');
            return `info: Trying to set 'q/${index}' [string] to '${line}'`;
          }),
        );
      }),
      runs,
    );
  });

  it("Kickstart's parser reads it as one word", async () => {
    await fc.assert(
      fc.asyncProperty(manyHostile, async (values) => {
        const input = await rendered('kickstart', `${each(values, (v) => `word {{${v}}} end`)}\n`, values);
        const read = 'lines = sys.stdin.buffer.read().decode().splitlines()';
        const words = python(`import shlex\n${read}\nprint(json.dumps([shlex.split(l) for l in lines]))`, input);
        expect(words).to.deep.equal(
          values.map((value) => {
            const word = oneLine(value).replace(/[\u0085\u2028\u2029]/g, ' ');
            return ['word', ...(word === '' ? [] : [word]), 'end'];
          }),
        );
      }),
      runs,
    );
  });

  it("AutoYaST's XML has it as one text", async () => {
    await fc.assert(
      fc.asyncProperty(manyHostile, async (values) => {
        const input = `<a>${await rendered(
          'yast',
          each(values, (v) => `<b c="1">{{${v}}}</b>`, ''),
          values,
        )}</a>`;
        const read = 'import xml.etree.ElementTree as e\nroot = e.fromstring(sys.stdin.buffer.read())';
        expect(python(`${read}\nprint(json.dumps([b.text or "" for b in root]))`, input)).to.deep.equal(values);
      }),
      runs,
    );
  });

  it('it is one string of JSON, and of YAML', async function () {
    const yaml = spawnSync('/usr/bin/python3', ['-c', 'import yaml']).status === 0;
    if (!yaml) console.log('      not read as YAML: python3-yaml is not installed');
    await fc.assert(
      fc.asyncProperty(manyHostile, async (values) => {
        const agama = await rendered('agama', `[${each(values, (v) => `{{${v}}}`, ',')}]`, values);
        expect(JSON.parse(agama)).to.deep.equal(values);
        if (!yaml) return;
        const lines = `${each(values, (v) => `- {key: {{${v}}}, rest: 1} # {{${v}}}`)}\n`;
        const input = await rendered('autoinstall', lines, values);
        expect(python('import yaml\nprint(json.dumps(yaml.safe_load(sys.stdin.buffer)))', input)).to.deep.equal(
          values.map((key) => ({ key, rest: 1 })),
        );
      }),
      runs,
    );
  });

  it('a shell reads it as one word', async () => {
    await fc.assert(
      fc.asyncProperty(manyHostile, async (values) => {
        const script = await rendered(
          'preseed',
          each(values, (v) => `printf '%s\\0' {{{shell ${v}}}}`),
          values,
        );
        const printed = execFileSync('sh', ['-euc', script], { encoding: 'utf8' });
        expect(printed.split('\0').slice(0, -1)).to.deep.equal(values);
      }),
      runs,
    );
  });

  it('the pieces of the golden finish hand it on as it is', async () => {
    const path = join(directory, 'golden.hbs');
    const script = join(directory, 'post-script');
    const out = join(directory, 'out');
    writeFileSync(path, '{{> golden/boot-loader.sh}}\n{{> golden/post-script.sh}}\n');
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (text, kernelArguments) => {
        writeFileSync(script, text);
        const { content } = await renderAnswerFile({
          kind: 'preseed',
          path,
          variables: { 'post-script': script, 'kernel-arguments': kernelArguments, 'serial-device': 'ttyS0' },
          searchPath: [join(programDirectory, 'templates')],
        });
        const lines = content.toString();
        // Only what writes values, and to a place of ours.
        const written = [
          /^printf 'GRUB_CMDLINE_LINUX=[^]*?>>"\$grub_settings"$/m.exec(lines)?.[0] ?? '',
          /^printf '%s' [^]*?>"\$post_script"$/m.exec(lines)?.[0] ?? '',
          '. "$grub_settings"; printf %s "$GRUB_CMDLINE_LINUX"',
        ];
        rmSync(out, { force: true });
        const shell = `grub_settings=${out} post_script=${out}.script\n${written.join('\n')}`;
        const printed = execFileSync('sh', ['-euc', shell], { encoding: 'utf8' });
        expect(printed).to.equal(kernelArguments.split(/\s+/).filter(Boolean).join(' '));
        if (text !== '') expect(readFileSync(`${out}.script`, 'utf8')).to.equal(text);
      }),
      { numRuns: 60 },
    );
  });

  it('it adds no answer to the whole preseed file, nor is taken for a host name or a hash', async () => {
    const path = 'debian.preseed.hbs';
    const searchPath = [join(programDirectory, 'templates')];
    const others = {
      ...Object.fromEntries(
        ['suite', 'mirror-host', 'mirror-directory', 'installed-mirror', 'security-host', 'security-directory'].map(
          (name) => [name, 'x'],
        ),
      ),
      ...{ 'mirror-protocol': 'http', 'udeb-suite': '', 'allow-unauthenticated': 'no', 'install-recommends': 'no' },
      ...{ 'kernel-package': '', components: 'main', 'archive-keyring': '/k', 'server-packages': 'ssh' },
      ...{ firmware: 'bios', 'serial-device': 'ttyS0' },
      ...{ 'package-repository': '', 'package-key': '', 'package-names': '', 'package-names-early': '' },
    };
    const answers = async (variables: Record<string, string>) => {
      const source = { kind: 'preseed' as const, path, searchPath, variables: { ...others, ...variables } };
      const lines = (await renderAnswerFile(source)).content.toString().split('\n');
      return lines.filter((line) => !/^(#|\s*$)/.test(line)).map((line) => line.split(' ').slice(0, 3).join(' '));
    };
    const usual = await answers({ hostname: 'web', 'root-password-hash': 'x', proxy: 'x' });
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (hostname, hash, proxy) => {
        const variables = { hostname: `h${hostname}`, 'root-password-hash': `x${hash}`, proxy: `x${proxy}` };
        expect(await answers(variables)).to.deep.equal(usual);
      }),
      { numRuns: 60 },
    );
  });
});
