import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { execa } from 'execa';
import { leftovers, program, temporaryDirectory } from '../support/demo-image.js';

const driver = fileURLToPath(new URL('../support/terminal-keys.py', import.meta.url));

/** What a real terminal does to a build: it signals the whole foreground group, and it goes away. */
describe('a build on a terminal', function () {
  this.timeout(5 * 60_000);
  const directory = temporaryDirectory();
  after(() => directory.remove());

  let builds = 0;
  const outputDirectory = (): string => {
    const output = join(directory.path, `out-${builds++}`);
    mkdirSync(output);
    return output;
  };

  /** How the build ended that had these keys typed at it; it was installing. */
  async function typedAt(output: string, keys: readonly string[]): Promise<string> {
    const mark = 'The console of the installer goes to';
    const { stdout } = await execa('/usr/bin/python3', [driver, ...keys, mark, program, 'demo', '-o', output]);
    expect(stdout).to.contain(mark);
    return stdout;
  }

  const presses: Record<string, readonly string[]> = {
    'Ctrl-C': [],
    'Ctrl-C twice within 0.2 s': ['--again', '0.2'],
    'Ctrl-C twice within 0.6 s': ['--again', '0.6'],
    'Ctrl-C twice within 1 s': ['--again', '1'],
    'Ctrl-C five times': ['--again', '0.2,0.4,0.8,1.5'],
    'Ctrl-\\': ['--key', '\x1c'],
  };
  for (const [name, keys] of Object.entries(presses)) {
    it(`releases all after ${name}, and says so`, async () => {
      const output = outputDirectory();
      const shown = await typedAt(output, keys);
      expect(await leftovers(output)).to.deep.equal([]);
      expect(shown).to.match(/interrupted by SIG(INT|QUIT); all resources released[^]*ended: 130$/);
    });
  }

  it('releases all when the terminal is closed', async () => {
    const output = outputDirectory();
    const shown = await typedAt(output, ['--hang-up']);
    expect(await leftovers(output)).to.deep.equal([]);
    expect(shown).to.match(/ended: 130$/);
  });

  it('releases all after Ctrl-C where what reads of it ends first', async () => {
    const output = outputDirectory();
    const status = join(directory.path, 'status');
    const line = `{ "$0" demo -v -o "$1"; echo $? > "$2"; } 2>&1 | tee "$1/tee.log"`;
    const words = ['bash', '-c', line, program, output, status];
    await execa('/usr/bin/python3', [driver, 'The console of the installer goes to', ...words], { reject: false });
    // The pipe ends with tee, and so may the terminal; the build has its time.
    await execa('timeout', ['120', 'sh', '-c', 'until [ -s "$0" ]; do sleep 0.2; done', status]);
    expect(readFileSync(status, 'utf8')).to.equal('130\n');
    expect(await leftovers(output)).to.deep.equal([]);
  });

  it('is completed where nothing reads of it any more', async () => {
    const output = outputDirectory();
    const line = 'set -o pipefail; "$0" demo -v --no-boot-test -o "$1" 2>&1 | head -1';
    const { exitCode } = await execa('bash', ['-c', line, program, output], { reject: false });
    expect(exitCode).to.equal(0);
    expect(await leftovers(output)).to.deep.equal([]);
    expect(readdirSync(output).some((name) => name.endsWith('.qcow2'))).to.be.true;
  });
});
