import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { Configuration } from '../../src/config/configuration.js';
import { resolveImage } from '../../src/config/resolve.js';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';

const pieces = `" ' \` $ $( \${ \\ < > & &amp; ]]> <![CDATA[ <!-- --> </source> {{ }} ; | * ! = , % a ü ✓ 😀`.split(
  ' ',
);
const hostile = fc.string({
  unit: fc.constantFrom(...pieces, '\n', '\nEND\n', '\t', ' ', ' #', '\u0085', '\u2028', '\ufeff'),
  maxLength: 12,
});
/** Where blanks would make several words of it. */
const hostileWord = hostile.map((text) => `x${text.replace(/\s/g, '')}`);

const shipped = new Configuration([], Configuration.shippedSources());

/** What stands in an XML file: each element's name and text, in their order. */
function elements(xml: string): [string, string][] {
  const script = `
import json, sys, xml.etree.ElementTree as e
root = e.fromstring(sys.stdin.buffer.read())
print(json.dumps([[n.tag.split('}')[1], n.text or ''] for n in root.iter()]))`;
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', script], { input: xml, encoding: 'utf8' })) as [
    string,
    string,
  ][];
}

interface AgamaProfile {
  readonly hostname: { readonly static: string };
  readonly root: { readonly password: string };
  readonly bootloader: { readonly extraKernelParams: string };
  readonly scripts: { readonly post: readonly { readonly content: string }[] };
}

describe("whatever a value is made of, in SUSE's answer files", () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'hostile-'))));
  after(() => rmSync(directory, { recursive: true }));

  /** An answer file with values that have passed no check. */
  async function rendered(image: string, values: Record<string, string>): Promise<string> {
    const source = answerFileSource(resolveImage(shipped, image, {}, '2026-11-21'));
    const variables = { ...source.variables, ...values };
    return (await renderAnswerFile({ ...source, variables, description: {} })).content.toString();
  }

  /** Runs those lines of the script that write values, and only them: to a place of ours. */
  function written(script: string, postScript: string): { user: string; kernelArguments: string } {
    const lines = [
      /^printf 'GRUB_CMDLINE_LINUX=[^]*?>>"\$grub_settings"$/m.exec(script)?.[0] ?? '',
      /^printf 'Defaults:[^]*? >>\/etc\/sudoers\.d\/golden-image$/m.exec(script)?.[0].replace(/>>\S+$/, '>"$user"') ??
        '',
      /^printf '%s' [^]*?>"\$post_script"$/m.exec(script)?.[0] ?? '',
      '. "$grub_settings"; printf %s "$GRUB_CMDLINE_LINUX"',
    ];
    const [grub, user, post] = ['grub', 'user', 'post'].map((name) => join(directory, name));
    rmSync(grub ?? '', { force: true });
    const shell = `grub_settings=${grub} user=${user} post_script=${post}\n${lines.join('\n')}`;
    const kernelArguments = execFileSync('sh', ['-euc', shell], { encoding: 'utf8' });
    if (postScript !== '') expect(readFileSync(post ?? '', 'utf8')).to.equal(postScript);
    return { user: readFileSync(user ?? '', 'utf8'), kernelArguments };
  }

  const values = fc.record({ name: hostile, hash: hostile, word: hostileWord, script: hostile });

  it('it adds nothing to the XML of AutoYaST, and arrives as it is', async () => {
    const postScript = join(directory, 'script');
    const names = (texts: [string, string][]) => texts.map(([name]) => name);
    const render = ({ name, hash, word, script }: { name: string; hash: string; word: string; script: string }) => {
      writeFileSync(postScript, script);
      return rendered('opensuse-leap-15.6', {
        ...{ hostname: `h${name}`, 'root-password-hash': `x${hash}`, user: `u${name}`, packages: '' },
        ...{ 'kernel-arguments': word, 'post-script': postScript },
      });
    };
    const usual = names(elements(await render({ name: '', hash: '', word: 'x', script: '' })));
    await fc.assert(
      fc.asyncProperty(values, async (given) => {
        const found = elements(await render(given));
        expect(names(found)).to.deep.equal(usual);
        expect(found).to.deep.include(['hostname', `h${given.name}`]);
        expect(found).to.deep.include(['user_password', `x${given.hash}`]);
        expect(found).to.deep.include(['append', given.word]);
        const [, script = ''] = found.find(([name]) => name === 'source') ?? [];
        expect(written(script, given.script)).to.deep.equal({
          user: `Defaults:u${given.name} !targetpw\n`,
          kernelArguments: given.word,
        });
      }),
      { numRuns: 40 },
    );
  });

  it('it adds nothing to the JSON of Agama, and arrives as it is', async () => {
    const postScript = join(directory, 'script');
    await fc.assert(
      fc.asyncProperty(values, async ({ name, hash, word, script }) => {
        writeFileSync(postScript, script);
        const profile = JSON.parse(
          await rendered('opensuse-leap-16.0', {
            ...{ hostname: `h${name}`, domain: 'd', 'root-password-hash': `x${hash}`, user: `u${name}` },
            ...{ 'kernel-arguments': word, 'post-script': postScript },
          }),
        ) as AgamaProfile;
        expect(profile.hostname.static).to.equal(`h${name}.d`);
        expect(profile.root.password).to.equal(`x${hash}`);
        expect(profile.bootloader.extraKernelParams).to.equal(word);
        expect(written(profile.scripts.post[0]?.content ?? '', script)).to.deep.equal({
          user: `Defaults:u${name} !targetpw\n`,
          kernelArguments: word,
        });
      }),
      { numRuns: 60 },
    );
  });
});
