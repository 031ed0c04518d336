import { expect } from 'chai';
import { fstab } from './tree-mounts.js';

describe('what is mounted in a tree', () => {
  it('is written for mount(8) with every character that a path may have', () => {
    expect(fstab([['/a b', '/tree\t\n\\', 'none', 'bind']])).to.equal('/a\\040b /tree\\011\\012\\134 none bind\n');
  });
});
