import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { programDirectory } from '../../src/host/program-directory.js';

describe('suites that run side by side', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'side-by-side-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Runs suites of one file each, and tells how that ended and what was said. */
  async function ended(suites: Readonly<Record<string, string>>) {
    const files = Object.entries(suites).map(([name, text]) => {
      const file = join(directory, `${name}.test.ts`);
      writeFileSync(file, text);
      return [name, [file]] as const;
    });
    const table = join(directory, 'suites.cjs');
    writeFileSync(table, `module.exports = ${JSON.stringify(Object.fromEntries(files))};`);
    const runner = join(programDirectory, 'test/side-by-side.js');
    const { exitCode, stdout } = await execa('node', [runner, table], { cwd: programDirectory, reject: false });
    return { exitCode, lines: stdout.split('\n') };
  }
  const closing = /^\d+ passed, \d+ failed, \d+ skipped$/;

  it('end with one closing line, which has the sums of all', async () => {
    const { exitCode, lines } = await ended({
      one: "it('adds', () => {}); it('subtracts', () => {});",
      other: "it('reads', () => {}); it('writes', function () { this.skip(); });",
    });
    expect(lines.filter((line) => closing.test(line))).to.deep.equal(['3 passed, 0 failed, 1 skipped']);
    expect(lines.at(-1)).to.match(closing);
    expect(lines).to.include('one |   ✔ adds').and.to.include('other |   ✔ reads');
    expect(exitCode).to.equal(0);
  });

  it('fail together where one test fails', async () => {
    const { exitCode, lines } = await ended({
      one: "it('adds', () => {});",
      other: "it('reads', () => { throw new Error('no such file'); });",
    });
    expect(lines.at(-1)).to.equal('1 passed, 1 failed, 0 skipped');
    expect(lines.join('\n')).to.match(/^other \| .*no such file$/m);
    expect(exitCode).to.equal(1);
  });

  it('tell what failed at the end, also of a suite that was done before the others', async () => {
    const { lines } = await ended({
      one: "it('reads', () => { throw new Error('no such file'); });",
      other: "it('waits', (done) => void setTimeout(done, 1000));",
    });
    const told = (text: string) => lines.findIndex((line) => line.includes(text));
    expect(told('no such file')).to.be.greaterThan(told('✔ waits'));
    expect(lines.join('\n').match(/no such file/g)).to.have.length(1);
  });

  it('fail where one ends before its last test', async () => {
    const { exitCode, lines } = await ended({ one: "it('adds', () => {});", other: 'process.exit(0);' });
    expect(lines.slice(-2)).to.deep.equal([
      "The suite 'other' ended before its last test: exit code 0",
      '1 passed, 1 failed, 0 skipped',
    ]);
    expect(exitCode).to.equal(1);
  });

  it('end, and name the process, where a test left one that holds their output open', async () => {
    const { exitCode, lines } = await ended({
      one: `import { spawn } from 'node:child_process';
        it('starts a daemon', () => { spawn('sleep', ['300'], { stdio: 'inherit', detached: true }).unref(); });`,
    });
    const told = lines.flatMap(
      (line) => /^one \| its output is still open in: (\d+) \(sleep 300\)$/.exec(line)?.[1] ?? [],
    );
    expect(told).to.have.length(1);
    process.kill(Number(told[0]));
    expect(lines.at(-1)).to.equal('1 passed, 0 failed, 0 skipped');
    expect(exitCode).to.equal(0);
  });

  it('end where a test left something that would keep them running', async () => {
    const { exitCode, lines } = await ended({ one: "it('waits', () => { setInterval(() => {}, 1000); });" });
    expect(lines.at(-1)).to.equal('1 passed, 0 failed, 0 skipped');
    expect(exitCode).to.equal(0);
  });
});
