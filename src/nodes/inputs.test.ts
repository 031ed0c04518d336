import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { elementDirectory } from '../../test/support/elements.js';
import { inputsOf, sumOfDirectory } from './inputs.js';

describe('what a derived image is made of', () => {
  it('is known of a tree with devices and pipes, which are not read', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'inputs-'));
    try {
      mkdirSync(join(directory, 'run'));
      writeFileSync(join(directory, 'file'), '');
      const before = await sumOfDirectory(directory);
      execFileSync('mkfifo', [join(directory, 'run/initctl')]);
      expect(await sumOfDirectory(directory)).not.to.equal(before);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('names every element that is read, and the variables of their hooks', async () => {
    const { directory, remove } = elementDirectory({
      'web/element-deps': 'tls\n',
      'tls/install.d/10-x': '#!/bin/sh\n',
    });
    const changes = {
      ...{ elements: ['web'], elementPath: [directory], elementEnvironment: { DIB_B: '2', DIB_A: '1' } },
      ...{ packages: { added: [], leftOut: [] }, files: [], run: [], postScript: undefined },
    };
    const from = { image: 'web', parent: '0', arch: 'amd64', goldenExcept: undefined };
    try {
      const before = await inputsOf(from, changes);
      expect(before).to.include({ elements: 'web', 'element-environment': '[["DIB_A","1"],["DIB_B","2"]]' });
      writeFileSync(join(directory, 'tls/install.d/10-x'), '#!/bin/sh\ntrue\n');
      const after = await inputsOf(from, changes);
      const differing = Object.keys(after).filter((name) => after[name] !== before[name]);
      expect(differing).to.deep.equal(['element tls']);
    } finally {
      remove();
    }
  });
});
