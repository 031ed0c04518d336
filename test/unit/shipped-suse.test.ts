import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../../src/host/failure.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { rejection, testHost } from '../support/host.js';
import { InstallerConsole } from '../../src/install/installer-console.js';
import { validateAgama } from '../../src/answers/validators/agama.js';
import { validateAutoyast } from '../../src/answers/validators/autoyast.js';
import { expectGolden } from '../support/golden.js';
import { defaultSection, described, shippedAnswerFile, shippedImages } from '../support/shipped-images.js';
import { expectLikedByShellcheck } from '../support/shellcheck.js';

/** Schemas that others wrote, and which are not here. */
const schemas = {
  yast: {
    file: process.env.AUTOYAST_SCHEMA ?? '/usr/share/YaST2/schema/autoyast/rng/profile.rng',
    how: 'install yast2-schema (openSUSE), or set AUTOYAST_SCHEMA to its profile.rng',
  },
  agama: {
    file: process.env.AGAMA_SCHEMA ?? '/usr/share/agama-cli/profile.schema.json',
    how: "install agama-cli (openSUSE), or set AGAMA_SCHEMA to profile.schema.json of Agama's source, beside its other schemas",
  },
};

/** Everything that a description can say, and each family can do. */
const everything = defaultSection({
  ...described,
  'extra-repositories': 'tools https://tools.example.org/rpm\nmore https://more.example.org/rpm',
  'swap-size': '1G',
  'root-filesystem': 'xfs',
  firewall: 'yes',
  selinux: 'disabled',
  'post-script': join(programDirectory, 'test/data/suse/post-script'),
  'install-recommends': 'yes',
});

async function problems(image: string, user: string): Promise<readonly string[]> {
  return ((await rejection(shippedAnswerFile(image, user))) as UsageError).problems;
}

const images = (['yast', 'agama'] as const).flatMap((kind) => shippedImages(kind).map((name) => ({ name, kind })));

const readXml = `
import json, sys, xml.etree.ElementTree as e
root = e.fromstring(sys.stdin.buffer.read())
y = '{http://www.suse.com/1.0/yast2ns}'
print(json.dumps(root.find(f'{y}scripts/{y}chroot-scripts/{y}script/{y}source').text))`;

/** The script at the end, as the installer will get it. */
function scriptOf(kind: 'yast' | 'agama', text: string): string {
  if (kind === 'agama') {
    return (JSON.parse(text) as { scripts: { post: { content: string }[] } }).scripts.post[0]?.content ?? '';
  }
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', readXml], { input: text, encoding: 'utf8' });
  expect(stderr).to.equal('');
  return JSON.parse(stdout) as string;
}

describe('the answer files of SUSE', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'suse-'))));
  after(() => rmSync(directory, { recursive: true }));

  async function findings(kind: 'yast' | 'agama', text: string, schema?: string) {
    const file = join(directory, 'profile');
    writeFileSync(file, text);
    return kind === 'yast' ? validateAutoyast(testHost(), file, schema) : validateAgama(file, schema);
  }

  it('are of these images', () => {
    const names = images.map(({ name }) => name);
    expect(names).to.have.members(['opensuse-leap-15.6', 'opensuse-tumbleweed', 'sles-15', 'opensuse-leap-16.0']);
  });

  for (const { name, kind } of images) {
    describe(name, () => {
      for (const [variant, user] of Object.entries({ '': '', '-everything': everything })) {
        it(`is as agreed${variant && ', with everything'}`, async () =>
          expectGolden(`${kind}/${name}${variant}`, await shippedAnswerFile(name, user)));

        it(`is well-formed${variant && ', with everything'}`, async () => {
          expect(await findings(kind, await shippedAnswerFile(name, user))).to.deep.equal([]);
        });

        it(`is what the installer's schema allows${variant && ', with everything'}`, async function () {
          const { file, how } = schemas[kind];
          if (!existsSync(file)) {
            console.log(`      skipped: there is no ${file}: ${how}`);
            this.skip();
          }
          const text = await shippedAnswerFile(name, user);
          expect(await findings(kind, text, file)).to.deep.equal([]);
          const wrong =
            kind === 'yast'
              ? text.replace(/<halt /, '<holt ').replace(/<\/halt>/, '</holt>')
              : text.replace('"ptableType"', '"ptable"');
          expect(await findings(kind, wrong, file)).not.to.deep.equal([]);
        });

        it(`ends in a script that a shell reads, and shellcheck likes${variant && ', with everything'}`, async function () {
          const script = scriptOf(kind, await shippedAnswerFile(name, user));
          for (const shell of ['sh', 'bash']) {
            expect(spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' }).stderr).to.equal('');
          }
          expectLikedByShellcheck(this, [script], ['SC2194']);
        });
      }

      it('powers off, and leaves no second stage', async () => {
        const text = await shippedAnswerFile(name);
        if (kind === 'agama') return;
        expect(text).to.match(/<halt [^>]*>true</);
        expect(text).to.match(/<second_stage [^>]*>false</);
      });

      it('tells image-factory of a script that failed', async () => {
        const script = scriptOf(kind, await shippedAnswerFile(name));
        const [tell = ''] = /^tell_failure\(\) \{\n[^]*?^\}$/m.exec(script) ?? [];
        const { stdout } = spawnSync('sh', ['-c', `sleep() { :; }\n${tell}\ntell_failure 0; tell_failure 3`]);
        const console = new InstallerConsole();
        await console.read(Uint8Array.from(stdout), 0);
        expect(console.endAt(1)?.sign.means).to.equal('the script at the end of the installation failed');
        expect(console.screen()).to.match(/failed with exit code 3$/);
      });

      it('hands on a script of the owner byte for byte', async () => {
        const text = '#!/bin/sh\necho "]]>" </dev/null && printf \'%s\\n\' "$HOME" \\\n  ü "&amp;" # \u2028\nEND\n';
        const file = join(directory, 'post');
        writeFileSync(file, text);
        const script = scriptOf(kind, await shippedAnswerFile(name, `[DEFAULT]\npost-script = ${file}\n`));
        const line = /^printf '%s' [^]*?>"\$post_script"$/m.exec(script)?.[0] ?? '';
        const out = join(directory, 'written');
        spawnSync('sh', ['-euc', `post_script=${out}\n${line}`]);
        expect(readFileSync(out, 'utf8')).to.equal(text);
      });

      it("refuses what it can't do, and says why", async () => {
        const extra = `[DEFAULT]\nextra-repositories = a http://a.example.org/ key=http://a.example.org/key\n`;
        expect((await problems(name, extra))[0]).to.match(
          /my\.conf:2: .*extra-repositories.*can't do that: .*fingerprint/,
        );
        const suite = `[DEFAULT]\nextra-repositories = a http://a.example.org/ stable\n`;
        expect((await problems(name, suite))[0]).to.match(/RPM repositories have no suites/);
      });
    });
  }

  it('have no SELinux where the release has none', async () => {
    for (const name of ['opensuse-leap-15.6', 'sles-15']) {
      expect((await problems(name, `[DEFAULT]\nselinux = enforcing\n`))[0]).to.match(/AppArmor/);
    }
    for (const name of ['opensuse-tumbleweed', 'opensuse-leap-16.0']) {
      expect(await shippedAnswerFile(name, `[DEFAULT]\nselinux = enforcing\n`)).to.include('selinux-policy-targeted');
    }
  });

  it('are what the schema allows with btrfs, without swap, and with SELinux', async function () {
    const { file, how } = schemas.yast;
    if (!existsSync(file)) {
      console.log(`      skipped: there is no ${file}: ${how}`);
      this.skip();
    }
    const text = await shippedAnswerFile(
      'opensuse-tumbleweed',
      `[DEFAULT]\nroot-filesystem = btrfs\nselinux = enforcing\n`,
    );
    expect(text).to.match(/<create_subvolumes [^>]*>false</);
    expect(await findings('yast', text, file)).to.deep.equal([]);
  });

  it('say what needs a mirror of your own, no btrfs of Agama, and updates that come with the release', async () => {
    expect((await problems('sles-15', '[DEFAULT]\nsles-mirror =\n'))[0]).to.match(
      /^sles-mirror is not set: set it in \[DEFAULT\] to the URL/,
    );
    expect((await problems('opensuse-leap-16.0', '[DEFAULT]\nroot-filesystem = btrfs\n'))[0]).to.match(/subvolumes/);
    for (const name of ['opensuse-tumbleweed', 'opensuse-leap-16.0']) {
      expect((await problems(name, '[DEFAULT]\nupdates = no\n'))[0]).to.match(/same repository/);
    }
  });
});

describe("SUSE's script at the end", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'suse-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  /** GRUB's settings after the script's part about the boot loader, which finds those that an installer left. */
  async function grubSettings(left: string, user: string): Promise<string> {
    const script = scriptOf('agama', await shippedAnswerFile('opensuse-leap-16.0', `[DEFAULT]\n${user}`));
    const part = /^# The kernel's security module [^]*?(?=^# Network)/m.exec(script)?.[0] ?? '';
    const file = join(directory, 'grub');
    writeFileSync(file, left);
    const shell = `set -eu\ngrub2-mkconfig() { :; }\n${part.replaceAll('/etc/default/grub', file)}`;
    const { stderr } = spawnSync('bash', ['-c', shell], { encoding: 'utf8' });
    expect(stderr).to.equal('');
    const read = `. ${file}; printf '%s|%s|%s' "$GRUB_TIMEOUT" "$GRUB_CMDLINE_LINUX" "$GRUB_CMDLINE_LINUX_DEFAULT"`;
    return spawnSync('sh', ['-c', read], { encoding: 'utf8' }).stdout;
  }

  it("keeps the installer's choice of a security module, and nothing else of its kernel arguments", async () => {
    const left = 'GRUB_TIMEOUT=8\nGRUB_CMDLINE_LINUX_DEFAULT="splash=silent quiet security=selinux selinux=1"\n';
    const user = 'kernel-arguments = console=ttyS0 x="y z"\n';
    expect(await grubSettings(left, user)).to.equal('1|console=ttyS0 x="y z"|security=selinux selinux=1 ');
    expect(await grubSettings('GRUB_CMDLINE_LINUX=""\n', user)).to.equal('1|console=ttyS0 x="y z"|');
    const apparmor = 'GRUB_CMDLINE_LINUX_DEFAULT="quiet security=apparmor"\n';
    expect(await grubSettings(apparmor, `${user}selinux = disabled\n`)).to.equal(
      '1|console=ttyS0 x="y z"|security=apparmor selinux=0',
    );
    expect(await grubSettings(apparmor, `${user}selinux = permissive\n`)).to.equal(
      '1|console=ttyS0 x="y z"|security=selinux selinux=1',
    );
  });
});

describe('validateAutoyast and validateAgama', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'suse-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  function written(name: string, text: string): string {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  }

  it('name the line of XML that is not well-formed', async () => {
    const [found] = await validateAutoyast(testHost(), written('p.xml', '<profile>\n<a>\n</b>\n</profile>\n'));
    expect(found).to.deep.include({ line: 3 });
    expect(found?.message).to.match(/tag mismatch/);
  });

  it('name the line of what a RELAX NG schema does not allow', async () => {
    const schema = written(
      'p.rng',
      '<element name="profile" xmlns="http://relaxng.org/ns/structure/1.0"><element name="a"><text/></element></element>',
    );
    expect(await validateAutoyast(testHost(), written('p.xml', '<profile>\n<a>1</a></profile>'), schema)).to.be.empty;
    const found = await validateAutoyast(testHost(), written('p.xml', '<profile>\n<b>1</b></profile>'), schema);
    expect(found[0]).to.deep.include({ line: 2 });
    expect(found[0]?.message).to.match(/^b: /);
    const error = (await rejection(
      validateAutoyast(testHost(), join(directory, 'p.xml'), join(directory, 'none.rng')),
    )) as Error;
    expect(error.message).to.match(/none\.rng/);
  });

  it('name the line of JSON that is none, and of what a schema does not allow', async () => {
    const [found] = await validateAgama(written('p.json', '{\n"a": 1,\n}\n'));
    expect(found).to.deep.include({ line: 3 });
    written('other.schema.json', '{"$id": "http://example.org/other.schema.json", "type": "string"}');
    const schema = written(
      'profile.schema.json',
      JSON.stringify({
        $schema: 'https://json-schema.org/draft/2019-09/schema',
        $id: 'http://example.org/profile.schema.json',
        properties: { a: { type: 'array', items: { $ref: 'other.schema.json' } } },
        additionalProperties: false,
      }),
    );
    expect(await validateAgama(written('p.json', '{"a": ["x"]}'), schema)).to.be.empty;
    expect(await validateAgama(written('p.json', '{\n"a": [\n1],\n"b": 1}'), schema)).to.have.deep.members([
      { line: 1, message: "/: must NOT have additional properties: 'b'" },
      { line: 3, message: '/a/0: must be string' },
    ]);
    const error = (await rejection(validateAgama(join(directory, 'p.json'), join(directory, 'none.json')))) as Error;
    expect(error.message).to.match(/can't read .*none\.json/);
  });
});
