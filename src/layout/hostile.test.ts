import { expect } from 'chai';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { problems } from '../../test/support/layout.js';
import { drawing } from './drawing.js';
import { layoutAsJson } from './layout-json.js';
import { itemKeys, moduleKeys, moduleNames } from './modules.js';
import { parseLayout } from './parse.js';
import { planLayout } from './plan.js';
import { layoutTable } from './table.js';

const names = [
  'image0',
  'root',
  'pv',
  'vg',
  'lv',
  'mkfs_root',
  'mount_mkfs_root',
  'a b',
  '',
  'constructor',
  '__proto__',
];
const texts = [
  'mbr',
  'gpt',
  'xfs',
  'swap',
  'btrfs',
  'ext4',
  '/',
  'none',
  '10%',
  '100%',
  '1GiB',
  '8e',
  'EF00',
  'toString',
  '50%VG',
];
const tables: readonly Readonly<Record<string, readonly string[]>>[] = [moduleKeys, itemKeys];
const keys = [...new Set(tables.flatMap((table) => Object.values(table).flat())), 'luks', '<<', 'valueOf'];

/** Documents with the words of the language in the wrong places. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 7 },
    fc.constantFrom<unknown>(...names, ...texts, 0, -1, 1e30, true, null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...keys, ...moduleNames), tie('value'), { maxKeys: 6 }),
  ),
}));

const entry = fc.tuple(
  fc.constantFrom(...moduleNames),
  fc.dictionary(fc.constantFrom(...keys, ...moduleNames), value, { maxKeys: 8 }),
);
const document = fc
  .array(entry, { maxLength: 6 })
  .map((entries) => stringify(entries.map(([name, of]) => ({ [name]: of }))));

function everythingOf(text: string): void {
  const { layout, findings } = planLayout(parseLayout(text, 'my.yaml'), { imageSize: 2 ** 31 });
  for (const { message, line } of findings) {
    expect(message).to.not.match(/undefined|NaN|\[object/);
    expect(line === undefined || line >= 1).to.equal(true);
  }
  JSON.stringify(layoutAsJson(layout));
  expect([...layoutTable(layout), ...drawing(layout, 60)].join('\n')).to.not.match(/undefined|NaN/);
}

describe('a hostile layout', () => {
  it('is told what is wrong with it, whatever stands where', () => {
    fc.assert(fc.property(document, everythingOf), { numRuns: 400 });
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), everythingOf), { numRuns: 200 });
  });

  it('may nest deeply, stand in itself, or grow by aliases', () => {
    for (const deep of ['[', '- ', '? ', '{a: ']) {
      expect(problems(deep.repeat(100_000))[0], deep).to.equal(
        '1: values stand more than 50 levels deep in each other',
      );
    }
    expect(problems(Array.from({ length: 2000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'))[0]).to.contain(
      'levels deep',
    );
    expect(problems(`- mkfs: ${'['.repeat(500)}${']'.repeat(500)}`)[0]).to.match(
      /^1: values stand more than 50 levels deep/,
    );
    expect(problems('- &a [*a]')[0]).to.equal('1: an alias stands inside what it stands for');
    const lines = Array.from({ length: 15 }, (_, at) => `- &l${at + 1} {a: *l${at}, b: *l${at}, c: *l${at}}`);
    expect(problems(`- &l0 {a: b}\n${lines.join('\n')}`).join()).to.contain('the document has more than 100000 values');
  });

  it('may have units, types and modules that every object has', () => {
    const text =
      '- local_loop: {name: a, size: 1 constructor, toString: {}}\n- valueOf: {}\n- mkfs: {base: a, type: constructor}\n';
    expect(problems(text).map((problem) => problem.replace(/[;:] known are.*| expected a size.*/, ''))).to.deep.equal([
      "warning 1: local_loop 'a': unknown key 'toString' has no effect",
      "1: local_loop 'a': size '1 constructor':",
      "2: there is no module 'valueOf'; modules are local_loop, partitioning, lvm, mkfs, mount, fstab",
      "unusable 3: mkfs 'mkfs_a': type 'constructor' is none that image-factory knows",
      "unusable -: no file system is mounted on '/': no system can be on this layout",
    ]);
  });
});
