import { expect } from 'chai';
import { runGraph, type GraphImage } from './image-graph.js';

/** Four levels: one root, three children, six grandchildren, two of the last level. */
const parents: Record<string, string[]> = {
  root: [],
  ...{ a: ['root'], b: ['root'], c: ['root'] },
  ...{
    a1: ['root', 'a'],
    a2: ['root', 'a'],
    b1: ['root', 'b'],
    b2: ['root', 'b'],
    c1: ['root', 'c'],
    c2: ['root', 'c'],
  },
  ...{ a11: ['root', 'a', 'a1'], c21: ['root', 'c', 'c2'] },
};
const images: GraphImage[] = Object.entries(parents).map(([name, above]) => ({ name, parents: above, memory: 100 }));

/** Runs the graph; builds end when nothing else can begin. */
async function run({ jobs = 1, memory = Infinity, failing = [] as string[], over = Infinity }) {
  const begun: string[] = [];
  const ended: string[] = [];
  let most = 0;
  const outcomes = await runGraph(images, {
    jobs,
    memory,
    isGood: (result: boolean) => result,
    isOver: () => ended.length >= over,
    async build(name) {
      begun.push(name);
      expect(ended).to.include.members(parents[name] ?? []);
      most = Math.max(most, begun.length - ended.length);
      await new Promise(setImmediate);
      ended.push(name);
      return !failing.includes(name);
    },
  });
  return { begun, most, outcomes };
}

describe('a run of several images', () => {
  it('builds each after its parents, one after another', async () => {
    const { begun, most } = await run({});
    expect(begun).to.have.members(Object.keys(parents));
    expect(most).to.equal(1);
  });

  it('builds as many side by side as asked, and as memory has room for', async () => {
    expect((await run({ jobs: 4 })).most).to.equal(4);
    expect((await run({ jobs: 4, memory: 250 })).most).to.equal(2);
    expect((await run({ jobs: 4, memory: 10 })).most).to.equal(1);
  });

  it('skips what depends on a failure, and goes on with the rest', async () => {
    const { begun, outcomes } = await run({ jobs: 2, failing: ['a'] });
    expect(begun).not.to.include.members(['a1']);
    expect(begun).to.include.members(['b', 'b1', 'b2', 'c21']);
    expect(outcomes.get('a11')).to.deep.equal({ kind: 'skipped', because: 'a' });
    expect(outcomes.get('c21')).to.deep.equal({ kind: 'ended', result: true });
  });

  it('begins nothing more once it is over', async () => {
    const { begun, outcomes } = await run({ over: 2 });
    expect(begun).to.have.length(2);
    expect([...outcomes.values()].filter(({ kind }) => kind === 'not begun')).to.have.length(10);
  });
});
