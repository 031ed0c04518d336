import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeSync,
  mkdirSync,
  rmdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { hintFor, reasonOf, systemFailure } from './errno.js';

describe('errors of the kernel', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'errno-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  function errorOf(action: () => unknown): unknown {
    try {
      action();
    } catch (error) {
      return error;
    }
    throw new Error('it should have failed');
  }

  it('become a sentence with the path and why', () => {
    symlinkSync('loop', join(directory, 'loop'));
    const cases: readonly [path: string, message: string][] = [
      [join(directory, 'none'), `${directory}/none: no such file or directory`],
      [join(directory, 'x'.repeat(300)), `${directory}/${'x'.repeat(300)}: name too long`],
      ['/dev/null/x', '/dev/null/x: a part of the path is not a directory'],
      [join(directory, 'loop'), `${directory}/loop: too many symbolic links encountered`],
    ];
    for (const [path, message] of cases) {
      expect(systemFailure(errorOf(() => openSync(path, 'r')))).to.have.property('message', message);
    }
    // Node does not say which directory was read.
    expect(systemFailure(errorOf(() => readFileSync(directory)))?.message).to.equal("can't read: it is a directory");
  });

  it('name the current directory where that was removed', () => {
    const gone = join(directory, 'gone');
    mkdirSync(gone);
    const before = process.cwd();
    process.chdir(gone);
    rmdirSync(gone);
    const error = errorOf(() => process.cwd());
    process.chdir(before);
    expect(systemFailure(error)).to.include({
      message: "the current directory can't be used: no such file or directory",
      hint: 'It was removed. Change to another one.',
    });
  });

  it('say what to do where that is the same everywhere', () => {
    const full = openSync('/dev/full', 'w');
    const error = errorOf(() => writeSync(full, 'x'));
    closeSync(full);
    expect(reasonOf(error)).to.equal('no space left on device');
    expect(hintFor(error)).to.equal('Free some space, or choose another directory.');
  });

  it('are told from others', () => {
    expect(systemFailure(new Error('x'))).to.equal(undefined);
    expect(systemFailure('ENOENT')).to.equal(undefined);
    expect(reasonOf(new Error('as it is'))).to.equal('as it is');
  });
});
