/** Files to read one after the other, and the `vars` to ask for values with. */
export interface Case {
  readonly files: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
}

/** Random configuration files from a small grammar of nasty fragments; the same seed gives the same files. */
export function randomCase(seed: number): () => Case {
  const { chance, pick, times } = dice(seed);

  const sections = ['a', 'b', 'B', 'DEFAULT', 'default', 'x.y', 'a]b', ' a', '__proto__', 'a:b', ']', '0'];
  const names = ['a', 'b', 'c', 'd', 'e', 'x y', 'x-y', '__proto__', 'constructor', '1', 'ς', 'ß', 'i̇', '"q"', 'rem'];
  const oddNames = [
    'A',
    'B',
    'C',
    'X Y',
    'İ',
    'Σ',
    'ΑΣ',
    'K',
    'k',
    'ẞ',
    '[a',
    'a]',
    '[]',
    '%',
    '$',
    '\0',
    '\ufeff',
    '😀',
  ];
  const blanks = ['', '', '', '', ' ', '  ', '\t'];
  const oddBlanks = [
    '\x0b',
    '\x0c',
    '\x1c',
    '\x1f',
    '\x85',
    '\xa0',
    '\u1680',
    '\u2028',
    '\u200b',
    '\u3000',
    '\ufeff',
    '\u180e',
  ];
  const plain = [
    'x',
    '1',
    'true',
    ' ; y',
    ' # y',
    '=',
    ':',
    '%(a)s',
    '%%',
    '[b]',
    '"',
    "'",
    '\\',
    ',',
    '😀',
    'É',
    '\0',
  ];

  const blank = () => (chance(0.03) ? pick(oddBlanks) : pick(blanks)) + (chance(0.05) ? pick(oddBlanks) : '');
  const name = () => (chance(0.12) ? pick(oddNames) : pick(names));
  const reference = () => {
    const end = chance(0.04) ? '' : '}';
    if (chance(0.06)) return '${' + pick(['', ':', 'a:', ':a', 'a:b:c', ' a', 'a ', '$a', '{a}', '${a}']) + end;
    return '${' + (chance(0.3) ? `${pick(sections)}:` : '') + name() + end;
  };
  const fragment = () => {
    if (chance(0.3)) return reference();
    if (chance(0.08)) return '$$';
    return chance(0.03) ? '$' : pick(plain);
  };
  const value = () => times(0, 3, fragment).join(chance(0.3) ? ' ' : '');

  const header = () =>
    `${chance(0.1) ? blank() : ''}[${pick(sections)}]${chance(0.06) ? pick([' junk', ']', ' ; c', '=', ' x=1']) : ''}`;
  const option = () =>
    `${chance(0.15) ? blank() : ''}${name()}${blank()}${pick(['=', ':', '==', ':='])}${blank()}${value()}${blank()}`;
  const continuation = () =>
    `${pick([' ', '  ', '\t', '   '])}${blank()}${fragment()}${chance(0.3) ? ' = ' : ''}${blank()}`;
  const comment = () => `${blank()}${pick(['#', ';', '# a = 1', ';[x]'])}`;
  const oddity = () =>
    pick(['[]', '[', 'junk', '= 1', ':', '[]]', '[a', '\ufeff', '\ufeff[a]', 'rem x', '[] = 1', '\u200b']);

  const line = () => {
    if (chance(0.02)) return oddity();
    if (chance(0.14)) return header();
    if (chance(0.2)) return continuation();
    if (chance(0.12)) return blank();
    return chance(0.08) ? comment() : option();
  };
  const lineEnd = (usual: string) =>
    chance(0.02) ? pick(['\r', '\r\n', '\n\r', '\n\n', '\x85', '\u2028', '\x0b', '\x1e']) : usual;
  const file = () => {
    const usual = chance(0.9) ? '\n' : pick(['\r\n', '\r']);
    const first = chance(0.98) ? `[${pick(sections)}]` : line();
    return [first, ...times(0, 9, line)].map((text) => text + lineEnd(usual)).join('') + (chance(0.1) ? line() : '');
  };

  /** References that lead on about as deep as they may. */
  const chain = () => {
    const links = times(
      8,
      12,
      () => `${chance(0.1) ? pick(plain) : ''}\${${chance(0.3) ? `${pick(['a', 'b', 'DEFAULT'])}:` : ''}`,
    );
    const options = links.map((link, index) => `l${index} = ${link}l${index + 1}}\n`);
    const last = `l${links.length} = ${pick(['x', '$$', '$', '', '${l0}', '${l3}', '${b:l1}'])}\n`;
    return `[DEFAULT]\n${options.join('')}${last}[a]\n${last}[b]\n${options.filter(() => chance(0.2)).join('')}`;
  };

  const files = () => {
    if (chance(0.05)) return [chain()];
    return chance(0.7) ? [file()] : times(0, 3, file);
  };
  return () => ({
    files: files(),
    vars: chance(0.5) ? {} : Object.fromEntries(times(1, 3, () => [name(), value()] as const)),
  });
}

/** Chance from a seed (the mulberry32 generator). */
function dice(seed: number) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const chance = (probability: number) => random() < probability;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const times = <T>(least: number, most: number, make: () => T): T[] =>
    Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, make);
  return { chance, pick, times };
}
