import { expect } from 'chai';
import { contentIdOf, differingInputs, nodeId } from './record.js';

const inputs = { parent: 'a', packages: 'nginx', 'run setup.sh': 'b' };

describe('the id of a node', () => {
  it('is the same for the same inputs, in whatever order, and another for each that differs', () => {
    expect(nodeId({ 'run setup.sh': 'b', packages: 'nginx', parent: 'a' })).to.equal(nodeId(inputs));
    const others = [
      { ...inputs, parent: 'c' },
      { ...inputs, packages: 'nginx git' },
      { parent: 'a', packages: 'nginx' },
    ];
    expect(new Set([inputs, ...others].map(nodeId)).size).to.equal(4);
  });

  it('says which inputs differ', () => {
    expect(differingInputs(inputs, inputs)).to.deep.equal([]);
    expect(differingInputs(inputs, { parent: 'c', packages: 'nginx', files: 'x' })).to.deep.equal([
      'files (new)',
      'parent',
      'run setup.sh (gone)',
    ]);
  });
});

describe('the content id of a tree', () => {
  it('is that of all its layers, in their order', () => {
    const [one, two] = [{ contentId: 'a' }, { contentId: 'b' }];
    expect(contentIdOf([one, two])).to.equal(contentIdOf([{ contentId: 'a' }, { contentId: 'b' }]));
    expect(contentIdOf([one, two])).not.to.equal(contentIdOf([two, one]));
    expect(contentIdOf([one, two])).not.to.equal(contentIdOf([one]));
  });
});
