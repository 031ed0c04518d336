import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { TemplateEngine } from './template.js';
import { kickstartScript, preseedScript, saysYes, shellWord, templateHelpers } from './template-helpers.js';

/** What d-i does with the answer, but for the change into the installed system. */
function runAnswer(preseed: string): string {
  const answer = preseed.trimEnd().split('\n').at(-1) ?? '';
  const command = answer.replace('d-i preseed/late_command string in-target ', '');
  return execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

describe('shell', () => {
  for (const value of ['', 'plain', "it's", '$(reboot) `reboot` "$HOME"', 'two\nlines\n', '\\', '-n', 'ü']) {
    it(`hands ${JSON.stringify(value)} to a shell unchanged`, () => {
      expect(execFileSync('sh', ['-c', `printf %s ${shellWord(value)}`], { encoding: 'utf8' })).to.equal(value);
    });
  }
});

describe('yes', () => {
  it('reads booleans like configparser, and empty as no', () => {
    expect(['yes', 'True', ' on ', '1'].map(saysYes)).to.deep.equal([true, true, true, true]);
    expect(['no', 'FALSE', 'off', '0', ''].map(saysYes)).to.deep.equal([false, false, false, false, false]);
  });

  it('does not guess', () => {
    expect(() => saysYes('ye')).to.throw("'ye' is neither yes nor no");
  });
});

describe('preseed-script', () => {
  const script = `cat <<'END'\na "b" 'c' $d \\\n  e\nEND\n`;

  it('runs the script as it was written', () => {
    expect(runAnswer(preseedScript('preseed/late_command', script))).to.equal('a "b" \'c\' $d \\\n  e\n');
  });

  it('shows the script as comments, and leaves one line to be answered', () => {
    const lines = preseedScript('preseed/late_command', script).trimEnd().split('\n');
    expect(lines[1]).to.equal(`#   a "b" 'c' $d \\`);
    expect(lines.filter((line) => !line.startsWith('#'))).to.have.length(1);
  });

  it('lets no line of the script become a line of the answer file', () => {
    const rendered = preseedScript('preseed/late_command', 'echo a\rd-i evil string 1\r\nd-i evil string 2');
    expect(rendered.split(/[\r\n]+/).filter((line) => line.startsWith('d-i'))).to.have.length(1);
  });

  it('stops at the first command that fails, and at a variable that is not set', () => {
    expect(() => runAnswer(preseedScript('preseed/late_command', 'false\necho on'))).to.throw();
    expect(() => runAnswer(preseedScript('preseed/late_command', 'echo $unset_variable'))).to.throw();
  });

  it('takes quoted values in a template', async () => {
    const engine = await TemplateEngine.create(templateHelpers);
    const template = '{{#preseed-script "preseed/late_command"}}\nprintf %s {{{shell keys}}}\n{{/preseed-script}}\n';
    expect(
      runAnswer(engine.render(engine.read({ file: 't.hbs', text: template }), { keys: "one 'key'\nanother" }, String)),
    ).to.equal("one 'key'\nanother");
  });
});

describe('kickstart-script', () => {
  it('runs the script as it was written, to the first command that fails', () => {
    const script = kickstartScript(`cat <<'END'\n%end\na "b" 'c' $d \\\nEND\n`);
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).to.equal(`%end\na "b" 'c' $d \\\n`);
    expect(() => execFileSync('bash', ['-c', kickstartScript('false\ntrue')])).to.throw();
  });

  it('begins no line with a percent sign, in whatever way it is broken', () => {
    const rendered = kickstartScript('a\n%end\r%end\u0085%end\u2028%end\v%end');
    expect(rendered)
      .to.contain('#   %end')
      .and.not.match(/[\r\v\u0085\u2028]/);
    expect(rendered).not.to.match(/^\s*%/m);
  });
});
