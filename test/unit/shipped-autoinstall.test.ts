import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { parse } from 'yaml';
import { UsageError } from '../../src/host/failure.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { rejection } from '../support/host.js';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { validateAutoinstall } from '../../src/answers/validators/autoinstall.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';
import { expectGolden } from '../support/golden.js';
import { expectLikedByShellcheck } from '../support/shellcheck.js';
import {
  defaultSection,
  described,
  scriptAtTheEnd,
  shippedAnswerFile,
  shippedImages,
  shippedSpec,
} from '../support/shipped-images.js';

const images = shippedImages('autoinstall');

/** A shipped image's user-data with options changed as somebody's [DEFAULT] would. */
function render(image: string, changed: Readonly<Record<string, string>> = {}): Promise<string> {
  return shippedAnswerFile(image, defaultSection(changed));
}

let directory: string;
before(() => (directory = mkdtempSync(join(tmpdir(), 'autoinstall-'))));
after(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Everything that a description can say, so that every line of every partial is there. */
function everything(): Record<string, string> {
  return {
    ...described,
    'root-password-hash': '$6$salt$hash/of.root',
    'user-password-hash': '$6$salt$hash/of.ops',
    'ssh-authorized-keys': "ssh-ed25519 AAAA it's me\nssh-ed25519 BBBB",
    packages: 'nginx cloud-init -nano',
    'extra-repositories':
      'tools https://tools.example.org/apt stable main contrib key=https://tools.example.org/key\nflat https://flat.example.org/ ./',
    'swap-size': '512M',
    'root-filesystem': 'btrfs',
    firewall: 'yes',
    'post-script': file('post-script', '#!/bin/sh\necho done: 100% "$HOME" # ✓\n'),
    'install-recommends': 'yes',
  };
}

interface UserData {
  readonly autoinstall: {
    readonly storage: { readonly config: readonly Readonly<Record<string, unknown>>[] };
    readonly packages: readonly string[];
    readonly 'late-commands': readonly string[];
    readonly [key: string]: unknown;
  };
}

/** As subiquity reads it: with PyYAML where it is installed, else in the same version of the language. */
function read(userData: string): UserData {
  if (!havePyYaml) return parse(userData, { version: '1.1' }) as UserData;
  const script = 'import json, sys, yaml\nprint(json.dumps(yaml.safe_load(sys.stdin.buffer)))';
  return JSON.parse(
    execFileSync('/usr/bin/python3', ['-c', script], { input: userData, encoding: 'utf8' }),
  ) as UserData;
}
const havePyYaml = spawnSync('/usr/bin/python3', ['-c', 'import yaml']).status === 0;
before(() => {
  if (!havePyYaml)
    console.log("      not read with subiquity's own parser: python3-yaml is not installed; run it with: make check");
});

describe('the autoinstall files of the shipped images', () => {
  it('are there for each release', () => {
    expect(images).to.have.members(['ubuntu-22.04', 'ubuntu-24.04', 'ubuntu-26.04']);
  });

  for (const image of images) {
    it(`are those that were agreed on: ${image}`, async () => {
      expectGolden(`${image}.autoinstall`, await render(image));
    });

    it(`install onto the first disk, never onto the seed volume: ${image}`, async () => {
      const { storage } = read(await render(image)).autoinstall;
      const disks = storage.config.filter(({ type }) => type === 'disk');
      expect(disks.map(({ path, match }) => [path, match])).to.deep.equal([['/dev/vda', undefined]]);
    });
  }

  it('are those that were agreed on, with every option', async () => {
    const text = await render('ubuntu-24.04', { ...everything(), 'post-script': '' });
    expectGolden('ubuntu-24.04-everything.autoinstall', text);
  });

  it("are as subiquity's schema wants them, with every option and with none", async function () {
    const schema = process.env.AUTOINSTALL_SCHEMA ?? '/usr/share/subiquity/autoinstall-schema.json';
    if (!existsSync(schema)) {
      console.log(
        `      skipped: there is no ${schema}; take autoinstall-schema.json from https://github.com/canonical/subiquity, and run: AUTOINSTALL_SCHEMA=…/autoinstall-schema.json make check`,
      );
      this.skip();
    }
    for (const image of images) {
      for (const changed of [{}, everything(), { 'root-filesystem': 'xfs' }]) {
        const found = await validateAutoinstall(file('user-data', await render(image, changed)), schema);
        expect(found, image).to.deep.equal([]);
      }
    }
  });

  it('say what was asked for', async () => {
    const { autoinstall } = read(await render('ubuntu-24.04', everything()));
    expect(autoinstall).to.deep.include({
      locale: 'de_DE.UTF-8',
      keyboard: { layout: 'de' },
      timezone: 'Europe/Berlin',
      proxy: 'http://proxy.example.org:3128/',
      shutdown: 'poweroff',
      updates: 'all',
      snaps: [],
      'user-data': { users: [] },
    });
    expect(autoinstall.packages).to.include.members(['qemu-guest-agent', 'sudo', 'btrfs-progs', 'nftables']);
    const made = autoinstall.storage.config.filter(({ type }) => ['partition', 'format'].includes(String(type)));
    expect(made.map(({ size, fstype }) => size ?? fstype)).to.deep.equal([
      ...[2 ** 20, 256 * 2 ** 20, 512 * 2 ** 20, (5120 - 770 - 1) * 2 ** 20],
      ...['btrfs', 'fat32', 'swap'],
    ]);
  });

  it('create nobody unless there is a user', async () => {
    expect(scriptAtTheEnd(await render('ubuntu-24.04'))).not.to.contain('useradd');
    expect(scriptAtTheEnd(await render('ubuntu-24.04', { user: 'ops' }))).to.contain('useradd');
  });

  it('keep cloud-init only where it is among the packages', async () => {
    expect(scriptAtTheEnd(await render('ubuntu-24.04'))).to.contain('purge --auto-remove cloud-init');
    const kept = scriptAtTheEnd(await render('ubuntu-24.04', { packages: 'cloud-init' }));
    expect(kept).to.contain('cloud-init clean').and.not.contain('purge --auto-remove');
  });

  it("say what can't be done", async () => {
    const error = await rejection(render('ubuntu-24.04', { selinux: 'enforcing', updates: 'no' }));
    expect((error as UsageError).problems.join('\n'))
      .to.match(/selinux = enforcing: autoinstall can't do that: .*AppArmor/)
      .and.match(/updates = no: autoinstall can't do that: .*security updates in any case/);
  });

  it('quote every value in a script', () => {
    const partials = join(programDirectory, 'templates/partials/autoinstall');
    for (const name of readdirSync(partials).filter((file) => file.endsWith('.sh.hbs'))) {
      const text = readFileSync(join(partials, name), 'utf8');
      for (const [expression] of text.matchAll(/\{{2,3}(?![#/>{]|else\b)[^{}]*\}{2,3}/g)) {
        expect(expression, name).to.match(/^\{\{\{shell .*\}\}\}$/);
      }
    }
  });

  it('end in a script that a shell reads and shellcheck likes', async function () {
    const scripts = [
      scriptAtTheEnd(await render('ubuntu-24.04')),
      scriptAtTheEnd(await render('ubuntu-24.04', everything())),
    ];
    for (const input of scripts) execFileSync('sh', ['-n'], { input });
    expectLikedByShellcheck(this, scripts);
  });
});

/** Texts of what is special to YAML, to a shell, or to templates. */
const hostile = fc.string({
  unit: fc.constantFrom(
    ...['"', "'", '`', '$', '$(reboot)', '${HOME}', '\\', '<', '&', '%', '{{', '}}', '{{user}}', ': ', ' #', '- ', '|'],
    ...[
      '\n',
      '\nlate-commands: [reboot]\n',
      '\nEND\n',
      '\t',
      ' ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '*',
      '!',
      '?',
      '---\n',
      '...\n',
    ],
    ...['a', 'ü', '✓', '😀', '\u0085', '\u00a0', '\u2028', '\u2029', '\ufeff'],
  ),
  maxLength: 12,
});

describe('values in an autoinstall file', () => {
  const source = answerFileSource(shippedSpec('ubuntu-24.04'));
  /** Past the checks of the description, which would refuse most of it. */
  async function renderWith(variables: Readonly<Record<string, string>>): Promise<string> {
    const { content } = await renderAnswerFile({ ...source, variables: { ...source.variables, ...variables } });
    return content.toString();
  }

  it('never break out of their place', async () => {
    const keys = Object.keys(read(await renderWith({ proxy: 'x' })).autoinstall);
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (value, script, domain) => {
        const [locale, timezone, proxy] = [`l${value}`, `t${value}`, `p${value}`];
        const changed = { locale, timezone, proxy, keymap: value || 'us', hostname: `h${value}` };
        const text = await renderWith({
          ...changed,
          ...{ 'autoinstall-mirror': value, 'root-password-hash': `x${value}`, domain: `d${domain}` },
          ...{ 'kernel-arguments': domain, 'post-script': file('hostile', script) },
        });
        const { autoinstall } = read(text);
        expect(Object.keys(autoinstall)).to.deep.equal(keys);
        expect(autoinstall).to.deep.include({ locale, timezone, proxy, keyboard: { layout: value || 'us' } });
        expect(autoinstall)
          .to.have.nested.property('apt.mirror-selection.primary')
          .that.deep.equals([{ uri: value }]);
        expect(autoinstall['late-commands']).to.have.length(1);
      }),
      { numRuns: 25 },
    );
  });

  it('reach the shell as they are', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (value, script) => {
        const text = await renderWith({
          ...{ hostname: `h${value}`, 'root-password-hash': `x${value}` },
          'post-script': file('hostile', `#${script}`),
        });
        const [order = ''] = read(text).autoinstall['late-commands'];
        // What would touch the machine is replaced by what prints its arguments.
        const orderForRoot = /^usermod --password [^]*? root$(?=\n\n)/m.exec(scriptAtTheEnd(text))?.[0] ?? '';
        const root = orderForRoot.replace('usermod', "printf '%s\\0'");
        const owner = /^printf '%s' [^]*?(?= >"\$post_script"$)/m.exec(scriptAtTheEnd(text))?.[0] ?? '';
        const printed = execFileSync('sh', ['-euc', `${root}\n${owner}`], { encoding: 'utf8' });
        expect(printed.split('\0')).to.deep.equal(['--password', `x${value}`, 'root', `#${script}`]);
        const curtin = 'curtin() { while [ "$1" != -- ]; do shift; done; shift; printf "%s\\0" "$@"; }';
        const args = execFileSync('sh', ['-euc', `${curtin}\n${order}`], { encoding: 'utf8' }).split('\0');
        expect(args.slice(0, 2)).to.deep.equal(['sh', '-euc']);
        const decoded = execFileSync('sh', ['-euc', (args[2] ?? '').replace('eval', "printf '%s\\n'")], {
          encoding: 'utf8',
        });
        expect(decoded).to.equal(scriptAtTheEnd(text));
      }),
      { numRuns: 25 },
    );
  });
});
