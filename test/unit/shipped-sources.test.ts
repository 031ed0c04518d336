import { expect } from 'chai';
import { shippedImages, shippedSpec } from '../support/shipped-images.js';

describe('the sources of the shipped images', () => {
  for (const kind of ['kickstart', 'yast', 'agama'] as const) {
    for (const name of shippedImages(kind)) {
      it(`of ${name} have the checksum list of the tree that they are taken from`, () => {
        const { checksums, linux, initrd, variables } = shippedSpec(name);
        const list = kind === 'kickstart' ? '.treeinfo' : 'CHECKSUMS';
        expect(checksums?.uri).to.equal(`${variables.tree}/${list}`);
        expect([linux, initrd].every((source) => source?.uri.startsWith(`${variables.tree}/`))).to.be.true;
      });
    }
  }
});
