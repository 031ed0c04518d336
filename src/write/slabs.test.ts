import { expect } from 'chai';
import fc from 'fast-check';
import { slabs } from './slabs.js';

const MiB = 2 ** 20;

describe('slabs', () => {
  it('are cut where there is enough data, whatever holes lie between', () => {
    const used = [
      { start: 0, end: 3 * MiB },
      { start: 1000 * MiB, end: 1005 * MiB },
    ];
    expect(slabs(2000 * MiB, used, 4 * MiB)).to.deep.equal([
      { start: 0, end: 1001 * MiB, data: 4 * MiB },
      { start: 1001 * MiB, end: 2000 * MiB, data: 4 * MiB },
    ]);
    expect(slabs(5 * MiB, [], MiB)).to.deep.equal([{ start: 0, end: 5 * MiB, data: 0 }]);
  });

  it('are the whole disk, each byte once, with little more data in each than was asked for', () => {
    const lengths = fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 9000 })));
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 8 }), (holesAndData, most) => {
        let at = 0;
        const used = holesAndData.map(([hole, data]) => {
          const start = at + hole * 4096;
          at = start + data * 4096;
          return { start, end: at };
        });
        const size = at + 512;
        const found = slabs(size, used, most * MiB);
        expect(found[0]?.start).to.equal(0);
        expect(found.at(-1)?.end).to.equal(size);
        for (const [index, { start, end, data }] of found.entries()) {
          expect(end).to.be.greaterThan(start);
          expect(data).to.be.at.most((most + 1) * MiB);
          if (index > 0) expect([found[index - 1]!.end, start % MiB]).to.deep.equal([start, 0]);
        }
        const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
        expect(sum(found.map(({ data }) => data))).to.equal(sum(used.map(({ start, end }) => end - start)));
      }),
    );
  });
});
