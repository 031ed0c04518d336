import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { AnswerFileKind } from '../config/image-spec.js';
import { UsageError } from '../host/failure.js';
import { rejection } from '../../test/support/host.js';
import { renderAnswerFile, type AnswerFile } from './answer-file.js';
import { preseedCommand } from './validators/preseed.js';

describe('renderAnswerFile', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'answer-file-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  function file(name: string, content: string | Buffer): string {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  async function answerFile(
    path: string,
    variables: Record<string, string> = {},
    kind: AnswerFileKind = 'preseed',
  ): Promise<AnswerFile> {
    return renderAnswerFile({ kind, path, variables, searchPath: [directory] });
  }

  async function rendered(template: string, variables: Record<string, string>, kind?: AnswerFileKind): Promise<string> {
    return (await answerFile(file('main.cfg.hbs', template), variables, kind)).content.toString();
  }

  async function problems(promise: Promise<unknown>): Promise<readonly string[]> {
    const error = await rejection(promise);
    expect(error).to.be.instanceOf(UsageError);
    return (error as UsageError).problems;
  }

  it('takes a plain file byte for byte', async () => {
    const bytes = Buffer.from([0x00, 0xff, 0xfe, 0x0d, 0x0a, ...Buffer.from('{{ram}} {{> x}} ü &')]);
    const { name, content, mentioned } = await answerFile(file('debian.cfg', bytes), { ram: '1G' });
    expect(name).to.equal('debian.cfg');
    expect(content.equals(bytes)).to.be.true;
    expect(mentioned.size).to.equal(0);
  });

  it('renders a template with the options of the section, however their names are spelt', async () => {
    const path = file(
      'debian.cfg.hbs',
      'd-i netcfg/hostname string {{host_name}}\nd-i x/y string {{cache-dir}} {{ram}}\n',
    );
    const { name, content, mentioned } = await answerFile(path, { 'host-name': 'web', cache_dir: '/cache', ram: '1G' });
    expect(name).to.equal('debian.cfg');
    expect(content.toString()).to.equal('d-i netcfg/hostname string web\nd-i x/y string /cache 1G\n');
    expect([...mentioned]).to.have.members(['host-name', 'cache-dir', 'ram']);
  });

  it('keeps an option apart from one that differs only in - and _', async () => {
    expect(await rendered('{{a-b}} {{a_b}}', { 'a-b': '1', a_b: '2' })).to.equal('1 2');
  });

  it('looks in the current directory, then along the search path', async () => {
    file('templates/debian.cfg', 'found');
    expect((await answerFile('templates/debian.cfg')).content.toString()).to.equal('found');
    expect(await problems(answerFile('missing.cfg'))).to.deep.equal([
      `preseed = missing.cfg: there is no such answer file; looked for ${process.cwd()}/missing.cfg, ${directory}/missing.cfg`,
    ]);
    expect((await problems(answerFile('templates')))[0]).to.match(/^preseed: can't read .*it is a directory/);
  });

  it('puts partials in their place, and their partials in theirs', async () => {
    file('partials/preseed/mirror.hbs', 'mirror {{host}} {{> suite}}\n');
    file('partials/suite.hbs', 'suite {{suite}}{{#if again}}{{> preseed/mirror}}{{/if}}');
    const template = 'begin\n{{> preseed/mirror}}\nend\n';
    expect(await rendered(template, { host: 'h', suite: 's', again: '' })).to.equal('begin\nmirror h suite s\nend\n');
  });

  it('names what is set and can not be resolved, where the template mentions it', async () => {
    const path = file('main.cfg.hbs', 'd-i x string {{hostname}}\nd-i y string {{my_pass}} {{user}}\n');
    const unresolved = {
      'my-pass': ["my.conf:3: [a] my-pass: '$' must be followed"],
      user: ['my.conf:4: [a] user: ${x} refers to an option that is not set'],
      'not-read': ['my.conf:5: [a] not-read: ${x} refers to an option that is not set'],
    };
    const source = { kind: 'preseed' as const, path, variables: {}, searchPath: [] };
    expect(await problems(renderAnswerFile({ ...source, unresolved }))).to.deep.equal([
      ...unresolved['my-pass'],
      ...unresolved.user,
    ]);
  });

  it('says what to do where a section lacks the variables of a shipped template', async () => {
    const path = file('main.cfg.hbs', 'd-i x string {{mirror-host}}\nd-i y string {{suite}} {{user}}\n');
    const source = { kind: 'preseed' as const, path, variables: {}, searchPath: [], place: 'my.conf:2: [web] preseed' };
    expect(await problems(renderAnswerFile({ ...source, advice: "add 'like = debian-13'" }))).to.deep.equal([
      `my.conf:2: [web] preseed: the section does not have the variables of ${path} (mirror-host, suite): add 'like = debian-13'`,
    ]);
  });

  it('names everything that is not defined at once, each with its template and line', async () => {
    file('partials/accounts.hbs', '\n{{root_pasword}} {{constructor}}\n');
    const path = file(
      'main.cfg.hbs',
      '{{ram}}\n{{> accounts}}\n{{> acounts}}\n{{#if gateway}}{{ram}}{{else}}{{no-proxy}}{{/if}}\n',
    );
    expect(await problems(answerFile(path, { ram: '1G', 'root-password': 'x' }))).to.deep.equal([
      `${path}:3: there is no partial 'acounts' (did you mean 'accounts'?)`,
      `${path}:4: the variable 'gateway' is not defined: no option of the section has that name`,
      `${path}:4: the variable 'no-proxy' is not defined: no option of the section has that name`,
      `${directory}/partials/accounts.hbs:2: the variable 'root_pasword' is not defined: no option of the section has that name (did you mean 'root_password'?)`,
      `${directory}/partials/accounts.hbs:2: the variable 'constructor' is not defined: no option of the section has that name`,
    ]);
  });

  it('says where a template is not well formed, and what a helper does not understand', async () => {
    expect((await problems(rendered('one\n{{#if ram}}\n', { ram: '' })))[0]).to.match(
      /main\.cfg\.hbs:2: \{\{#if\}\} has no \{\{\/if\}\} up to the end of the file$/,
    );
    expect((await problems(rendered('{{#if (yes updates)}}x{{/if}}', { updates: 'ye' })))[0]).to.match(
      /main\.cfg\.hbs:1: yes: 'ye' is neither yes nor no$/,
    );
  });

  it('names the variable that its language can not express', async () => {
    const path = file('main.cfg.hbs', '\n{{motd}}\n');
    for (const kind of ['preseed', 'kickstart', 'yast'] as const) {
      expect(await problems(answerFile(path, { motd: 'bell \x07' }, kind)), kind).to.deep.equal([
        `${path}:2: the variable 'motd': a control character (code 7) is not allowed in an answer file`,
      ]);
    }
  });

  it('gives options that describe the system their defaults', async () => {
    expect(await rendered('{{hostname}} {{swap-size}} {{packages}}.', {})).to.equal('linux 0 .');
    expect(await rendered('{{hostname}} {{swap-size}} {{packages}}.', { hostname: '', swap_size: '1G' })).to.equal(
      'linux 1G .',
    );
  });

  it('tells at once what is wrong with them, and what the family can not do', async () => {
    const path = file(
      'main.cfg.hbs',
      '{{hostname}} {{mebibytes swap-size}}{{cannot "selinux" "AppArmor is there"}}{{cannot "updates" "no"}}{{cannot "proxy" "no"}}',
    );
    const source = { kind: 'preseed' as const, path, searchPath: [] };
    const variables = { selinux: 'enforcing', updates: 'On', hostname: '-x', swap_size: 'big' };
    const description = {
      selinux: { place: 'my.conf:3: [web] selinux = enforcing' },
      hostname: { place: 'my.conf:4: [web] hostname = -x', fault: 'expected a host name' },
      'swap-size': { place: 'my.conf:5: [web] swap_size = big', fault: 'expected a size' },
      timezone: { place: 'my.conf:6: [web] timezone = ?', fault: 'expected a time zone' },
    };
    expect(await problems(renderAnswerFile({ ...source, variables, description }))).to.deep.equal([
      'my.conf:4: [web] hostname = -x: expected a host name',
      'my.conf:5: [web] swap_size = big: expected a size',
      "my.conf:3: [web] selinux = enforcing: preseed can't do that: AppArmor is there",
    ]);
  });

  it('says what must be set, and to what', async () => {
    const template = '{{needs "our-mirror" "the URL of a mirror"}}{{our-mirror}}';
    expect(await rendered(template, { our_mirror: 'http://m/' })).to.equal('http://m/');
    expect(await problems(rendered(template, { our_mirror: '' }))).to.deep.equal([
      'our-mirror is not set: set it in [DEFAULT] to the URL of a mirror',
    ]);
  });

  it('escapes the elements of lists, and knows which names are options inside of them', async () => {
    const template =
      '{{#each (words packages)}}{{this}},{{@root.hostname}} {{/each}}{{#each (repositories extra)}}{{this.url}} {{this.name}} {{../hostname}}{{/each}}\n';
    const variables = { hostname: 'a&b', packages: 'x<y z', extra: 'n http://h/?a&b' };
    expect(await rendered(template, variables, 'yast')).to.equal(
      'x&lt;y,a&amp;b z,a&amp;b http://h/?a&amp;b n a&amp;b\n',
    );
    expect((await problems(rendered('{{#each (words packages)}}{{@root.hostnam}}{{/each}}', {})))[0]).to.contain(
      "the variable 'hostnam' is not defined",
    );
  });

  it('makes strings of JSON, and leaves numbers', async () => {
    for (const kind of ['autoinstall', 'agama'] as const) {
      const json = await rendered('[{{x}}, {{mebibytes swap-size}}, {{yes updates}}]', { x: '"\\\n\u2028ü' }, kind);
      expect(JSON.parse(json)).to.deep.equal(['"\\\n\u2028ü', 0, true]);
    }
  });

  it('leaves handlebars as it was for everybody else', async () => {
    await rendered('{{x}}', { x: "a'b" }, 'kickstart');
    const { default: handlebars } = await import('handlebars');
    expect(handlebars.compile('{{x}}')({ x: '<' })).to.equal('&lt;');
  });

  describe('a value from outside stays a value', () => {
    const hostile = [
      'plain',
      '',
      'two\nd-i evil/question string yes',
      'windows\ttab',
      'ends with a backslash \\',
      'ends with two \\\\',
      'a backslash before a line break \\\nd-i evil/question string yes',
      `"double", 'single' and \`back\` quotes`,
      "'; reboot; '",
      '$(reboot) ${IFS} %include /etc/shadow',
      '# no comment',
      '</password><script>&lt;evil/></script>',
      ']]> <!-- -->',
      '{{ram}} {{{ram}}}',
      'ünïcödé ✓',
      'next line\u0085%post\u2028%pre\u2029%end',
    ];

    for (const value of hostile) {
      const title = JSON.stringify(value);
      /** Lists that stand on several lines become one line; nothing else changes. */
      const onOneLine = value.replace(/\s*\n\s*/g, ' ');

      it(`of a preseed line: ${title}`, async function () {
        if (!existsSync('/usr/bin/debconf-set-selections')) {
          console.log('      skipped: debconf is not installed; run it on Debian with: make check');
          this.skip();
        }
        const preseed = await rendered('d-i one/question string {{value}}\nd-i next/question string kept\n', { value });
        const { stderr } = spawnSync('debconf-set-selections', ['--checkonly', '--verbose'], {
          input: preseed,
          encoding: 'utf8',
          env: { ...process.env, ...preseedCommand('').env },
        });
        const set = stderr.split('\n').filter((line) => /^(info: Trying|error|warning)/.test(line));
        expect(set).to.deep.equal([
          `info: Trying to set 'one/question' [string] to '${onOneLine}${onOneLine.endsWith('\\') ? ' ' : ''}'`,
          "info: Trying to set 'next/question' [string] to 'kept'",
        ]);
      });

      it(`of a Kickstart command: ${title}`, async () => {
        const kickstart = await rendered('rootpw {{value}}\n{{value}}\nreboot\n', { value }, 'kickstart');
        // As pykickstart reads it: lines as Python knows them, each split by shlex.
        const script =
          'import json, shlex, sys; print(json.dumps([shlex.split(l) for l in sys.stdin.buffer.read().decode().splitlines()]))';
        const words = JSON.parse(
          execFileSync('/usr/bin/python3', ['-c', script], { input: kickstart, encoding: 'utf8' }),
        ) as string[][];
        expect(words).to.have.length(3);
        const word = onOneLine.replace(/[\u0085\u2028\u2029]/g, ' ');
        expect(words[0]).to.deep.equal(['rootpw', ...(word === '' ? [] : [word])]);
        expect(kickstart.split('\n')[1]).not.to.match(/^[%#]/);
        expect(words[2]).to.deep.equal(['reboot']);
      });

      it(`of AutoYaST's XML: ${title}`, async () => {
        const xml = await rendered('<user name="{{value}}"><password>{{value}}</password></user>', { value }, 'yast');
        const script =
          'import json, sys, xml.etree.ElementTree as e; r = e.fromstring(sys.stdin.buffer.read()); print(json.dumps([len(r), len(r[0]), r[0].text or ""]))';
        const [children, inner, text] = JSON.parse(
          execFileSync('/usr/bin/python3', ['-c', script], { input: xml, encoding: 'utf8' }),
        ) as [number, number, string];
        expect([children, inner, text]).to.deep.equal([1, 0, value]);
      });
    }
  });
});
