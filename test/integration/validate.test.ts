import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { Configuration } from '../../src/config/configuration.js';
import { answerFileKinds } from '../../src/config/image-spec.js';
import { findProgram } from '../../src/host/programs.js';
import { fileMirror, type FileMirror } from '../support/mirror.js';
import type { Validation } from '../../src/checks/validate.js';
import { necessary } from '../support/shipped-images.js';
import { program } from '../support/demo-image.js';

describe('image-factory validate', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'validate-'));
    mkdirSync(join(directory, 'tmp'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function file(name: string, text: string): string {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  }

  async function validate(config: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    const result = await execa(
      process.execPath,
      [program, 'validate', '--config', file('image-factory.conf', config), ...args],
      {
        reject: false,
        // All files that it makes are to be found in there, if it leaves any.
        env: { TMPDIR: join(directory, 'tmp'), http_proxy: '', HTTP_PROXY: '', all_proxy: '', ALL_PROXY: '', ...env },
      },
    );
    const left = readdirSync(join(directory, 'tmp')).filter((name) => name.startsWith('image-factory'));
    expect(left, 'left behind').to.deep.equal([]);
    return { lines: result.stdout.split('\n'), ...result };
  }

  async function asJson(config: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    const { stdout, exitCode } = await validate(config, [...args, '--format', 'json'], env);
    return { exitCode, images: (JSON.parse(stdout) as { images: Validation[] }).images };
  }

  it('reads groups and flavors of images without an installer, and tells each mistake once', async () => {
    const config = [
      ...['[web]', 'like = trixie', 'group = site', '[shop]', 'like = trixie', 'group = site'],
      ...['[lost]', 'like = trixie', 'group = site', 'flavors = nope'],
      ...['[group site]', 'groups = nothere', '[one]', 'like = debian-13', 'users = ops', '[two]', 'like = one'],
      ...['[user ops]', 'sudo = whatever', ''],
    ].join('\n');
    const mistake = /conf:12: .*\[group site\] groups: there is no section \[group nothere\]/;
    for (const names of [['web', 'shop', 'lost', 'one', 'two'], []]) {
      const { lines, exitCode } = await validate(config, names);
      expect(exitCode).to.equal(2);
      expect(lines.filter((line) => line.includes('[user ops] sudo = whatever: expected'))).to.have.length(1);
      expect(lines.filter((line) => mistake.test(line))).to.have.length(1);
      expect(
        lines.filter((line) => line.includes('[lost]: flavors = nope: there is no section [flavor nope]')),
      ).to.have.length(1);
    }
  });

  it('finds nothing in any image that ships, with every validator that is installed', async () => {
    const shipped = new Configuration([{ name: 'own.conf', text: necessary }], Configuration.shippedSources());
    const { exitCode, images } = await asJson(necessary);
    expect(images.flatMap(({ findings }) => findings)).to.deep.equal([]);
    expect(exitCode).to.equal(0);
    expect(images.map(({ image }) => image)).to.deep.equal(shipped.imageNames());
    const asked = new Map(images.map(({ image, checks }) => [image, checks]));
    for (const [image, program] of [
      ['debian-13', 'debconf-set-selections'],
      ['rocky-9', 'ksvalidator'],
    ] as const) {
      const installed = findProgram(program) === undefined ? [] : [program];
      expect(asked.get(image)).to.deep.equal(['configuration', 'answer file', ...installed]);
    }
    const notMade = images.flatMap(({ image, notMade: lacks }) =>
      lacks.map(({ why, fix }) => `${image}: ${why}${fix === undefined ? '' : `: ${fix}`}`),
    );
    for (const lack of notMade) console.log(`      not made: ${lack}`);
  });

  it('passes over shipped images that wait for a setting, unless they are named', async () => {
    const { exitCode, lines } = await validate('');
    expect(exitCode, lines.join('\n')).to.equal(0);
    expect(lines.join('\n')).to.match(/^rhel-8, rhel-9, rhel-10: rhel-mirror is not set/m);
    expect((await validate('', ['rhel-9'])).exitCode).to.equal(2);
  });

  it('tells sections that describe nothing, and findings in the order of lines', async () => {
    const text =
      '[debian13]\nimage-size = 10G\n[a]\nlike = debian-12\nupload_destinations = c\n[c]\nupload_target = x\n';
    const { exitCode, lines } = await validate(text);
    const own = lines
      .filter((line) => line.includes('image-factory.conf:'))
      .map((line) => line.replace(/^.*\.conf/, ''));
    expect(exitCode).to.equal(2);
    expect(own).to.deep.equal([
      ":1: [debian13] is neither an image nor a destination, and nothing refers to it (did you mean 'debian-13'?)",
      ":6: [a] [c]: no option 'upload_type' for this upload destination",
    ]);
  });

  it('tells what the command line sets as such, and its section once', async () => {
    const { exitCode, lines } = await validate('[web]\nlike = debian-13\n', ['web', '--set', 'ram=x']);
    expect(exitCode).to.equal(2);
    expect(lines[0]).to.match(/^command line: \[web\] ram = x: expected a size/);
  });

  it('tells which check could not be made, and how to get it; that is no finding', async () => {
    // Where programs are looked for besides, no validator is.
    const path = join(directory, 'bin');
    mkdirSync(path);
    writeFileSync(join(path, 'rpm'), '#!/bin/sh\n', { mode: 0o755 });
    const config = `${necessary}root-password-hash = $6$salt$hash\n`;
    const { lines, exitCode } = await validate(config, ['debian-13', 'debian-12', 'rocky-9'], { PATH: path });
    expect(lines[0]).to.match(/^debian-13, debian-12: debconf-set-selections is not installed: .* debconf$/);
    expect(lines[1]).to.equal('rocky-9: ksvalidator is not installed: pipx install pykickstart');
    expect(lines[2]).to.equal('3 images: nothing found, 3 checks not made');
    expect(exitCode).to.equal(0);
  });

  describe('of images that are wrong', () => {
    const config = () => `
[one]
linux = http://mirror.example.org/linux
initrd = http://mirror.example.org/initrd
preseed = ${file('one.preseed.hbs', 'd-i a/b string {{suite}}\nd-i c/d string {{surely-not}}\n')}
suite = trixie
boot-test = logni
timout = 3h
[two]
linux = http://mirror.example.org/linux
ram = much
[three]
linux = http://mirror.example.org/linux
initrd = http://mirror.example.org/initrd
preseed = ${file('three.preseed.hbs', 'd-i a/b string x\nd-i {{root-password-hash}} $6$plain$hash\n')}
root-password-hash = $$6$$salt$$s3cret
[four]
linux = http://mirror.example.org/linux
initrd = http://mirror.example.org/initrd
preseed = ${file('four.preseed', 'd-i a/b string x\nd-i a/b\n')}
[nowhere]
upload_type = rsync
upload_target = host:/
`;

    it('tells everything that is wrong with each, one line each', async () => {
      const { lines, exitCode } = await validate(config(), ['one', 'two', 'three', 'four']);
      const text = lines.join('\n');
      expect(exitCode).to.equal(2);
      expect(text).to.match(/image-factory\.conf:\d+: \[one\] boot-test = logni: /m);
      expect(text).to.match(/one\.preseed\.hbs:2: \[one\] the variable 'surely-not' is not defined/);
      expect(text).to.match(/image-factory\.conf:\d+: \[two\] ram = much: expected /);
      expect(text).to.match(/^\S+:\d+: \[two\]: no option 'initrd'/m);
      if (findProgram('debconf-set-selections') !== undefined) {
        expect(text).to.match(/^three\.preseed:2: \[three\] expected /m);
        expect(text).to.match(/\/four\.preseed:2: \[four\] expected 'OWNER QUESTION TYPE VALUE'$/m);
      }
      expect(text).not.to.match(/s3cret|plain\$hash/);
      expect(lines.at(-1)).to.match(/^4 images: \d+ findings/);
    });

    it('tells no secret of the section or of the answer file', async () => {
      const text = '{ "root": { "password": "an0thers3cret" oops } }\n';
      const section = `[it]\nlinux = http://mirror.example.org/linux\ninitrd = http://mirror.example.org/initrd\nagama = ${file('it.json', text)}\n`;
      const { stdout } = await validate(`${section}api-token = s3cret\nboot-test = \${api-token}\n`, ['it']);
      expect(stdout)
        .to.match(/image-factory\.conf:\d+: \[it\] boot-test = \*{3}: /m)
        .and.to.match(/\/it\.json(?::1)?: \[it\] /);
      expect(stdout).not.to.match(/s3cret|oops/);
    });

    it('tells it to machines', async () => {
      const { images, exitCode } = await asJson(config(), ['one', 'two']);
      expect(exitCode).to.equal(2);
      expect(images.map(({ image, checks }) => ({ image, checks }))).to.deep.equal([
        { image: 'one', checks: ['configuration', 'answer file'] },
        { image: 'two', checks: ['configuration'] },
      ]);
      const template = images[0]?.findings.find(({ file: name }) => name?.endsWith('.hbs'));
      expect(template).to.include({ line: 2 }).and.to.have.property('message').that.contains('surely-not');
    });

    it('counts an option that nothing reads', async () => {
      const section = `[it]\nlinux = http://mirror.example.org/linux\ninitrd = http://mirror.example.org/initrd\npreseed = ${file('p', 'd-i a/b string x\n')}\n`;
      expect((await validate(section, ['it'])).exitCode).to.equal(0);
      const { lines, exitCode } = await validate(`${section}timout = 3h\n`, ['it']);
      expect(exitCode).to.equal(2);
      expect(lines[0]).to.match(/:5: \[it\] unknown option 'timout' \(did you mean 'timeout'\?\)$/);
    });

    it('refuses by name what is no image, and passes it over without names', async () => {
      const { stderr, stdout, exitCode } = await validate(config(), ['nowhere', 'fours']);
      expect({ stdout, exitCode }).to.deep.equal({ stdout: '', exitCode: 2 });
      expect(stderr).to.include('[nowhere] is not an image but a destination').and.to.include("did you mean 'four'?");
      const { images } = await asJson(config(), [], { PATH: directory });
      expect(images.map(({ image }) => image))
        .to.include.members(['one', 'four', 'debian-13'])
        .and.not.to.include('nowhere');
    });
  });

  describe('of an image with ancestors', () => {
    const config = `
[base]
parent = file:tree
run = base.sh
[middle]
like = base
parent = base
runn = x
run =
elements = growrot
element-path = elements
[web]
parent = middle
[other]
parent = middle
[lost]
parent = bsae
[child of lost]
parent = lost
[one]
parent = two
[two]
parent = three
[three]
parent = one
[wrong]
parent = file:tree
ram = much
[child of wrong]
parent = wrong
`;
    /** `LINE: MESSAGE` of each finding. */
    async function found(...words: string[]) {
      for (const name of ['tree/usr/bin', 'elements/growroot']) mkdirSync(join(directory, name), { recursive: true });
      const env = { IMAGE_FACTORY_STORE_DIR: join(directory, 'store') };
      const text = `[DEFAULT]\noutput-dir = ${join(directory, 'out')}\nboot-test = off${config}`;
      const { exitCode, lines } = await validate(text, words, env);
      expect(exitCode, lines.join('\n')).to.equal(2);
      return lines.filter((line) => line.includes('.conf:')).map((line) => line.replace(/^.*\.conf:/, ''));
    }

    const ofBase = /^6: \[base\] run = base\.sh: can't read .*: no such file/;
    const ofMiddle = [
      /^10: \[middle\] unknown option 'runn' \(did you mean 'run'\?\)/,
      /^12: \[middle\] elements = growrot: element 'growrot' not found in .* \(did you mean 'growroot'\?\)/,
    ];

    it('tells what a build of it would find in them, once', async () => {
      const each = [ofBase, ...ofMiddle];
      for (const words of [['web'], ['other', 'middle', 'web']]) {
        const lines = await found(...words);
        expect(lines).to.have.length(each.length, lines.join('\n'));
        for (const pattern of each) expect(lines.filter((line) => pattern.test(line))).to.have.length(1, `${pattern}`);
      }
      const [wrong, ...more] = await found('child of wrong');
      expect(wrong).to.match(/^30: \[wrong\] ram = much: expected a size/);
      expect(more).to.deep.equal([]);
    });

    it('tells a parent that is not there, and a circle, at their lines', async () => {
      const [lost, ...others] = await found('child of lost');
      expect(others).to.deep.equal([]);
      expect(lost).to.match(/^19: \[lost\] parent = bsae: there is no image .* \(did you mean 'base'\?\)/);
      for (const name of ['one', 'three']) {
        expect(await found(name)).to.deep.equal([
          "27: [three]: 'parent' leads in a circle: [one] -> [two] -> [three] -> [one]",
        ]);
      }
    });

    it('tells nothing twice where all are validated, and nothing of those that are built already', async () => {
      const lines = await found();
      const own = lines.filter((line) => !line.includes('[debian'));
      expect(new Set(own).size).to.equal(own.length, own.join('\n'));
      expect(own.filter((line) => line.includes('circle'))).to.have.length(1);
      const text = `${necessary}[installed]\nlike = debian-13\npost-build-command = /nowhere\noutput-dir = ${directory}\nupload_destinations =\n[child]\nparent = installed\nboot-test = off\noutput-dir = ${directory}\n`;
      expect((await validate(text, ['child'])).exitCode).to.equal(2);
      file('installed-2026-01-01.qcow2', '');
      const { exitCode, stdout } = await validate(text, ['child']);
      expect(exitCode, stdout).to.equal(0);
    });
  });

  it('counts it as not made where the Kickstart file does not say its version', async function () {
    if (findProgram('ksvalidator') === undefined) {
      console.log('      skipped: ksvalidator is not installed: pipx install pykickstart');
      this.skip();
    }
    const section = `[ks]\nlinux = http://mirror.example.org/linux\ninitrd = http://mirror.example.org/initrd\nkickstart = ${file('ks.cfg', 'lang en_US.UTF-8\n')}\n`;
    const { images, exitCode } = await asJson(section, ['ks']);
    expect(exitCode).to.equal(0);
    expect(images[0]?.notMade[0]?.fix).to.equal("Begin it with a line such as '#version=RHEL9'.");
  });

  describe('--schema-dir', () => {
    const section = (kind: string, text: string) =>
      `[${kind}]\nlinux = http://mirror.example.org/linux\ninitrd = http://mirror.example.org/initrd\n${kind} = ${file(`${kind}.file`, text)}\n`;
    const config = () =>
      section('autoinstall', '#cloud-config\nautoinstall:\n  version: one\n  storage: {layout: {name: direct}}\n') +
      section('agama', '{\n  "product": 1\n}\n') +
      section('yast', '<?xml version="1.0"?>\n<profile>\n<surprise/></profile>\n');

    it('has the schemas that answer files must keep to', async () => {
      file('autoinstall-schema.json', '{"type":"object","properties":{"version":{"type":"integer"},"storage":{}}}');
      file('profile.schema.json', '{"type":"object","properties":{"product":{"type":"object"}}}');
      file('profile.rng', '<element name="profile" xmlns="http://relaxng.org/ns/structure/1.0"><empty/></element>');
      const { lines, exitCode } = await validate(config(), ['autoinstall', 'agama', 'yast', '--schema-dir', directory]);
      expect(exitCode).to.equal(2);
      expect(lines[0]).to.match(/autoinstall\.file:3: \[autoinstall\] autoinstall\.version: must be integer$/);
      expect(lines[1]).to.match(/agama\.file:2: \[agama\] \/product: must be object$/);
      if (findProgram('xmllint') !== undefined) expect(lines[2]).to.match(/yast\.file:[23]: \[yast\] /);
    });

    it('may lack some, or hold what is none: then the check is not made', async () => {
      file('autoinstall-schema.json', 'none');
      const { images, exitCode } = await asJson(config(), ['autoinstall', 'agama', '--schema-dir', directory]);
      const [autoinstall, agama] = images.map(({ notMade }) => notMade[0]);
      expect(autoinstall?.why).to.match(/^subiquity's schema: .* is not a JSON schema/);
      expect(agama?.fix).to.equal(`put profile.schema.json, from openSUSE's package agama-cli, into ${directory}`);
      expect(exitCode).to.equal(0);
    });

    it('must be there', async () => {
      const { stderr, exitCode } = await validate(necessary, ['debian-13', '--schema-dir', join(directory, 'none')]);
      expect(exitCode).to.equal(2);
      expect(stderr).to.include('--schema-dir');
    });
  });

  describe('--online', () => {
    let mirror: FileMirror;
    beforeEach(async () => {
      mirror = await fileMirror({
        '/linux': 'kernel',
        '/initrd.gz': 'initrd',
        '/debian/dists/trixie/Release': 'Suite: x',
      });
    });
    afterEach(() => mirror.close());

    const section = (name: string, more = '') => {
      const answers = [
        `d-i mirror/http/hostname string ${mirror.url.replace('http://', '')}`,
        'd-i mirror/http/directory string /debian',
        'd-i mirror/suite string trixie',
        ...(more.includes('extra') ? ['{{#each (repositories extra-repositories)}}# {{this.name}}', '{{/each}}'] : []),
      ];
      const path = file(`${name}.preseed.hbs`, `${answers.join('\n')}\n`);
      return `[${name}]\nlinux = ${mirror.url}/linux\ninitrd = ${mirror.url}/initrd.gz\npreseed = ${path}\n${more}`;
    };

    it('asks for each URL once, and finds nothing where all is there', async () => {
      const { images, exitCode } = await asJson(section('one') + section('two'), ['one', 'two', '--online']);
      expect(images.flatMap(({ findings }) => findings)).to.deep.equal([]);
      expect(exitCode).to.equal(0);
      expect(images[0]?.checks).to.include('online');
      expect(mirror.answers().sort()).to.deep.equal([
        '200 /debian/dists/trixie/Release',
        '200 /initrd.gz',
        '200 /linux',
      ]);
    });

    it('tells what is gone, with the status, and no password', async () => {
      mirror.files.delete('/linux');
      mirror.files.delete('/debian/dists/trixie/Release');
      const withPassword = mirror.url.replace('http://', 'http://ops:s3cret@');
      const more = `extra-repositories = own ${withPassword}/own trixie main\nchecksums = ${mirror.url}/SHA256SUMS\n`;
      const { lines, exitCode } = await validate(section('it', more), ['it', '--online']);
      const gone = 'the server answers 404 Not Found';
      expect(exitCode).to.equal(2);
      expect(lines).to.include.members([
        `[it] linux: ${mirror.url}/linux: ${gone}`,
        `[it] checksums: ${mirror.url}/SHA256SUMS: ${gone}`,
        `[it] mirror: ${mirror.url}/debian/dists/trixie/Release: ${gone}`,
        `[it] extra-repositories: own: ${mirror.url.replace('//', '//ops:***@')}/own/dists/trixie/InRelease: ${gone}`,
      ]);
      expect(lines.join('\n')).not.to.include('s3cret');
    });

    it('expects no file before the command has run that makes it', async () => {
      const local = section('it').replace(/^linux = .*$/m, `linux = ${directory}/linux`);
      const missing = await validate(local, ['it', '--online']);
      expect(missing.lines[0]).to.match(/^\S+:2: \[it\] linux = \/.*\/linux: no such file or directory$/);
      expect(missing.exitCode).to.equal(2);
      const made = await validate(`${local}pre-build-command = true\n`, ['it', '--online']);
      expect(made.lines[0]).to.match(
        /^it: linux: .* does not exist before the pre-build-command has run: build the image once$/,
      );
      expect(made.exitCode).to.equal(0);
    });
  });

  it('has a validator, or says that there is none, for every kind of answer file', async () => {
    const sections = answerFileKinds.map(
      (kind) =>
        `[${kind}]\nlinux = http://mirror.example.org/linux\ninitrd = http://mirror.example.org/initrd\n${kind} = ${file(`${kind}.file`, '\n')}\n`,
    );
    const { images } = await asJson(sections.join(''), answerFileKinds);
    for (const { checks, notMade } of images) expect(checks.length + notMade.length).to.be.above(2);
  });
});
