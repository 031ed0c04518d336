import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemIn } from './environment.js';

describe('the system in a tree', () => {
  it('is missed in words of the user, who knows nothing of where a build mounts the tree', () => {
    const tree = mkdtempSync(join(tmpdir(), 'tree-'));
    try {
      expect(() => systemIn(tree)).to.throw(
        /^the parent has no \/usr\/lib\/os-release: it is no system on which elements can be run$/,
      );
    } finally {
      rmSync(tree, { recursive: true });
    }
  });
});
