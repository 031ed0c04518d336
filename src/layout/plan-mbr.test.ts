import { expect } from 'chai';
import { GiB, partitions, planned, problems } from '../../test/support/layout.js';

/** An MBR with partitions such as `root: 50% primary`, each on a line of its own from line 5 on. */
function mbr(...lines: readonly string[]): string {
  const partition = (line: string) => {
    const [, name = '', size = '', flags = ''] = /^(\S+): (\S+) ?(.*)$/.exec(line) ?? [];
    return `{name: ${name}, size: ${size}, flags: [${flags.split(' ').join(', ')}]}`;
  };
  const list = lines.map((line) => `      - ${partition(line)}`).join('\n');
  return `- local_loop: {name: image0}\n- partitioning:\n    base: image0\n    label: mbr\n    partitions:\n${list}\n`;
}

/** All but what concerns file systems. */
const errors = (text: string, size: number) => problems(text, size).filter((line) => !line.startsWith('unusable'));

describe('the partitions of an MBR', () => {
  it('leave an alignment at the end, as those of diskimage-builder', () => {
    expect(partitions(planned(mbr('root: 100% boot primary'), GiB))).to.deep.equal(['1 root 2048+2093056']);
  });

  it('are logical where nothing else is said, an alignment after the sectors that describe them', () => {
    const layout = planned(mbr('a: 33%', 'b: 50%', 'c: 100%'), GiB);
    expect(partitions(layout)).to.deep.equal([
      '1 extended 2048+2095104',
      '5 a 4096+690708',
      '6 b 698368+699392',
      '7 c 1400832+696320',
    ]);
    expect(layout.disks[0]?.partitions.map(({ kind, type }) => `${kind} ${type}`)).to.deep.equal([
      'extended 0x0f',
      'logical 0x83',
      'logical 0x83',
      'logical 0x83',
    ]);
  });

  it('may be three primary and seven logical ones', () => {
    const primaries = ['p1', 'p2', 'p3'].map((name) => `${name}: 10MiB primary`);
    const logicals = ['l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7'].map((name) => `${name}: 10MiB`);
    const [, , p3, extended, l1, l2] = partitions(planned(mbr(...primaries, ...logicals), GiB));
    expect([p3, extended, l1, l2]).to.deep.equal([
      '3 p3 43008+20480',
      '4 extended 63488+2033664',
      '5 l1 65536+20480',
      '6 l2 88064+20480',
    ]);
  });

  it('may be many', () => {
    const many = Array.from({ length: 64 }, (_, at) => `p${at}: 1MiB`);
    expect(partitions(planned(mbr(...many), GiB)).at(-1)).to.equal('68 p63 262144+2048');
  });

  it('begin at the alignment that is asked for', () => {
    const text = mbr('a: 10MiB primary', 'b: 1M primary', 'c: 100% primary').replace(
      'label: mbr',
      'label: mbr\n    align: 64KiB',
    );
    expect(partitions(planned(text, GiB))).to.deep.equal(['1 a 128+20480', '2 b 20608+1953', '3 c 22656+2074368']);
  });

  it('do not include a fifth primary one, which would overwrite the signature', () => {
    expect(errors(mbr(...'abcde'.split('').map((name) => `${name}: 1MiB primary`)), GiB)).to.deep.equal([
      "10: partition 'e': an MBR has room for four primary partitions; leave out 'primary' for a logical one after them, or use 'label: gpt'",
    ]);
    const [error] = errors(mbr(...'abcd'.split('').map((name) => `${name}: 1MiB primary`), 'e: 1MiB'), GiB);
    expect(error).to.match(/^9: partition 'd': an MBR has room for three primary partitions beside/);
  });

  it('are primary first', () => {
    expect(errors(mbr('a: 1MiB', 'b: 1MiB primary'), GiB)[0]).to.match(
      /^7: partition 'b': a primary partition after the logical one 'a'/,
    );
  });

  it('fit on the disk', () => {
    expect(errors(mbr('a: 1GiB primary', 'b: 100%'), GiB)).to.deep.equal([
      "6: partition 'a': size: 1 GiB do not fit in what is left, 1023 MiB of the disk of 1 GiB",
      "7: partition 'b': size 100%: nothing is left of the disk of 1 GiB",
    ]);
    expect(partitions(planned(mbr('a: 1023MiB primary'), GiB))).to.deep.equal(['1 a 2048+2095104']);
    expect(errors(mbr('a: 511B primary'), GiB)[0]).to.contain('expected at least a sector');
    expect(errors(mbr('a: 3TiB primary'), 4 * 1024 * GiB)[0]).to.contain('it ends after 2 TiB');
  });
});
