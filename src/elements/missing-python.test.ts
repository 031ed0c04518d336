import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { missingPython } from './missing-python.js';

describe('a hook that failed for want of python3', () => {
  let tree: string;
  beforeEach(() => (tree = mkdtempSync(join(tmpdir(), 'missing-python-'))));
  afterEach(() => rmSync(tree, { recursive: true }));

  const bash = 'line 10: /usr/local/bin/package-installs-v2: cannot execute: required file not found';
  const env = "env: 'python3': No such file or directory";

  it('is told what installs it', () => {
    for (const said of [bash, env, `+ x\n${bash}`]) expect(missingPython(tree, said)).to.match(/packages = python3/);
  });

  it('failed for something else where the tree has it, or nothing was missing', () => {
    expect(missingPython(tree, 'no space left on device')).to.equal(undefined);
    for (const directory of ['usr/bin', 'usr/local/bin']) {
      mkdirSync(join(tree, directory), { recursive: true });
      symlinkSync('/usr/bin/python3.999', join(tree, directory, 'python3'));
      expect(missingPython(tree, bash)).to.equal(undefined);
      rmSync(join(tree, directory, 'python3'));
    }
  });
});
