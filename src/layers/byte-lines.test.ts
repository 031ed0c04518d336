import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { changeEnvironment, rejection, testHost } from '../../test/support/host.js';
import { Failure } from '../host/failure.js';
import { linesOfProgram } from './byte-lines.js';

describe('the lines of a program', () => {
  let directory: string;
  let restore: () => void;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'byte-lines-'));
    restore = changeEnvironment({ TMPDIR: directory });
  });
  afterEach(() => {
    restore();
    rmSync(directory, { recursive: true });
  });

  const linesOf = async (script: string) => {
    const found: string[] = [];
    const called = { file: 'sh', args: ['-c', script, 'sh', directory] };
    for await (const line of linesOfProgram(testHost(), called)) found.push(line);
    return found;
  };

  it('have one character for each byte', async () => {
    expect(await linesOf("printf 'one\\ntwo \\303\\244\\n'")).to.deep.equal(['one', 'two \u00c3\u00a4']);
  });

  it('leave no file, not even while it runs, which may be killed', async () => {
    expect(await linesOf('ls -A "$1"; echo end')).to.deep.equal(['end']);
  });

  it('are not there where it fails', async () => {
    expect(await rejection(linesOf('echo half; exit 3'))).to.be.instanceOf(Failure);
    expect(readdirSync(directory)).to.deep.equal([]);
  });
});
