import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { IniDocument } from '../../src/config/ini.js';
import { UsageError } from '../../src/host/failure.js';
import { randomCase, type Case } from './nasty-ini.js';

const data = fileURLToPath(new URL('../data/ini', import.meta.url));

/**
 * The same files given to Python's own configparser and to IniDocument must mean the same, or be an error to both.
 * More random files: `CONFIGPARSER_FILES=200000 npx mocha --timeout 0 --spec test/integration/configparser.test.ts`;
 * the same ones again: `CONFIGPARSER_SEED=…`.
 */
describe("Python's configparser and ours", function () {
  this.timeout(0);

  const corpus = readdirSync(data).sort();
  let answers: Attempt<PythonSection[]>[];
  before(() => {
    answers = askPython(corpus.map(corpusCase));
  });

  for (const [index, file] of corpus.entries()) {
    it(`agree on ${file}`, () => {
      expect(differenceIn(corpusCase(file), answers[index]!)).to.equal(undefined);
      expect('error' in answers[index]!, 'an error to both').to.equal(file.startsWith('error-'));
    });
  }

  it('agree on files read one after the other', () => {
    const [first, second] = [text('merged-1.ini'), text('merged-2.ini')];
    const files = [[first, second], [second, first], [first, first], [first, '[first]\nx=1\nX=2\n'], ['', first], []];
    expect(compare(files.map(withoutVars))).to.deep.equal({ read: 5, error: 1 });
  });

  it('agree on bytes that an editor or git would change', () => {
    const harmless = [
      '[a]\r\nx = 1\r\n  2\r\n\r\n  3\r\n',
      '[a]\rx = 1\r  2\r\r  3\r',
      '[a]\n\rx = 1\n\r  2\r\n\n',
      '[a]\nx = 1   \n  2\t \n\u3000\ny = 2',
      '[a]\nx = a\0b\n\0 = 1\n\x1b = 2\n',
      '[a]\nx = 1\u20282\u20293\x854\x0b5\x0c6\x1c7\n',
      '[a]\nx = \ufeff1\ufeff\n\ufeffy\ufeff = 2\n',
      '[a]\nx\x1c=\x1d1\x1e\n\x1f2\x85\n\xa03\n',
      '[\x85a\u2028]\nx = 1\n\u2003;comment\n\u2003\ud83d\ude00\n',
      '[a]\nİ = 1\nΑΣ = 2\nẞ = 3\nK = ${i̇}${ας}${ß}\n',
    ];
    const wrong = [
      '\ufeff[a]\nx = 1\n',
      '\ufeff# comment\n[a]\n',
      '\ufeff\n[a]\n',
      '[a]\nx = 1\n\ufeff2\n',
      '[a]\nΣΑΣ = 1\nσας = 2\n',
      '[a]\nK = 1\nk = 2\n',
      '[a]\n\0\n',
    ];
    expect(compare([...harmless, ...wrong].map((file) => withoutVars([file])))).to.deep.equal({
      read: harmless.length,
      error: wrong.length,
    });
  });

  it('agree on 10,000 sections', () => {
    const sections = Array.from({ length: 10_000 }, (_, n) => `[image-${n}]\nram = ${n}\nlinux = \${base}/\${ram}\n\n`);
    const file = `[DEFAULT]\nbase = http://deb.debian.org\n${sections.join('')}`;
    expect(compare([withoutVars([file])])).to.deep.equal({ read: 1, error: 0 });
  });

  it('agree on random files', function () {
    const seed = Number(process.env.CONFIGPARSER_SEED ?? Math.floor(Math.random() * 2 ** 32));
    const count = Number(process.env.CONFIGPARSER_FILES ?? 3000);
    console.log(`      CONFIGPARSER_SEED=${seed} CONFIGPARSER_FILES=${count}`);
    const next = randomCase(seed);
    const seen = { read: 0, error: 0 };
    for (let left = count; left > 0; left -= 3000) {
      const { read, error } = compare(Array.from({ length: Math.min(left, 3000) }, next));
      seen.read += read;
      seen.error += error;
    }
    console.log(`      ${seen.read} were read, ${seen.error} were errors to both`);
    expect(seen.read, 'files that can be read').to.be.greaterThan(count / 4);
    expect(seen.error, 'files that are wrong').to.be.greaterThan(count / 20);
  });
});

function text(file: string): string {
  return readFileSync(`${data}/${file}`, 'utf8');
}

function corpusCase(file: string): Case {
  return { files: [text(file)], vars: { release: 'sid', LINUX: '${mirror}' } };
}

function withoutVars(files: string[]): Case {
  return { files, vars: {} };
}

interface PythonError {
  error: string;
  /** The offending lines of the file that failed, as far as Python tells. */
  lines: (number | null)[];
  reference: string | null;
}
type Attempt<T> = { value: T } | PythonError;
interface PythonSection {
  name: string;
  options: string[];
  raw: string[];
  values: Attempt<string | null>[];
  withVars: Attempt<string | null>[];
}

function askPython(cases: readonly Case[]): Attempt<PythonSection[]>[] {
  const script = fileURLToPath(new URL('configparser.py', import.meta.url));
  // Debian's own; a bare python3 may be another one
  const answer = execFileSync('/usr/bin/python3', ['-I', script], { input: JSON.stringify(cases), maxBuffer: 2 ** 30 });
  return JSON.parse(answer.toString()) as Attempt<PythonSection[]>[];
}

/** Fails at the first case on which the two differ; otherwise says how many were read, and how many were errors. */
function compare(cases: readonly Case[]): { read: number; error: number } {
  const answers = askPython(cases);
  const seen = { read: 0, error: 0 };
  cases.forEach((given, index) => {
    const python = answers[index]!;
    seen['error' in python ? 'error' : 'read']++;
    const difference = differenceIn(given, python);
    if (difference !== undefined) expect.fail(`${difference}\n${JSON.stringify(given)}`);
  });
  return seen;
}

function differenceIn({ files, vars }: Case, python: Attempt<PythonSection[]>): string | undefined {
  const document = attempt(() =>
    IniDocument.parse(files.map((file, number) => ({ name: `file${number}`, text: file }))),
  );
  if ('error' in python) {
    if (!('problems' in document)) return `only Python calls it wrong: ${JSON.stringify(python)}`;
    const lines = document.problems.map((problem) => Number(/^file\d+:(\d+): /.exec(problem)?.[1]));
    return python.lines.every((line) => lines.includes(line!))
      ? undefined
      : `Python finds line ${python.lines.join()} wrong, we say ${document.problems.join('\n')}`;
  }
  if (!('value' in document)) return `only we call it wrong: ${document.problems.join('\n')}`;
  const ours = document.value;
  const names = ['DEFAULT', ...ours.sections.keys()];
  const expected = python.value.map((section) => section.name);
  if (!same(names, expected)) return `sections: ${JSON.stringify(names)} instead of ${JSON.stringify(expected)}`;
  for (const section of python.value) {
    const difference = differenceInSection(ours, vars, section);
    if (difference !== undefined) return `[${section.name}] ${difference}`;
  }
  return undefined;
}

function differenceInSection(ours: IniDocument, vars: Case['vars'], python: PythonSection): string | undefined {
  const { name, options } = python;
  if (!same(ours.optionNames(name), options)) return `options: ${ours.optionNames(name).join()}`;
  const raw = options.map((option) => ours.raw(name, option)?.value);
  if (!same(raw, python.raw)) return `raw values: ${JSON.stringify(raw)} instead of ${JSON.stringify(python.raw)}`;

  const asked = [...options, ...Object.keys(vars), 'not set anywhere'];
  for (const [index, option] of asked.entries()) {
    const difference =
      differenceInValue(() => ours.get(name, option), python.values[index]!) ??
      differenceInValue(() => ours.get(name, option, vars), python.withVars[index]!);
    if (difference !== undefined) return `${option}: ${difference}`;
  }

  const items = attempt(() => ours.items(name));
  const values = python.values.slice(0, options.length);
  const wrong = values.filter((value) => 'error' in value).length;
  if ('problems' in items) {
    return items.problems.length === wrong ? undefined : `${items.problems.length} problems instead of ${wrong}`;
  }
  return same(Object.keys(items.value).sort(), [...options].sort()) &&
    options.every((option, index) => items.value[option] === (values[index] as { value: string }).value)
    ? undefined
    : `items: ${JSON.stringify(items.value)}`;
}

function differenceInValue(ask: () => string | undefined, python: Attempt<string | null>): string | undefined {
  const ours = attempt(ask);
  if ('problems' in ours) {
    if (!('error' in python)) return `we complain: ${ours.problems.join()}`;
    const reference = python.reference === null ? '' : `\${${python.reference.replaceAll('\n', '\\n')}}`;
    return ours.problems[0]!.includes(reference) ? undefined : `${ours.problems.join()} does not name ${reference}`;
  }
  if ('error' in python) return `only Python complains: ${python.error}`;
  if ((ours.value ?? null) === python.value) return undefined;
  return `${JSON.stringify(ours.value)} instead of ${JSON.stringify(python.value)}`;
}

function attempt<T>(action: () => T): { value: T } | { problems: readonly string[] } {
  try {
    return { value: action() };
  } catch (error) {
    if (error instanceof UsageError) return { problems: error.problems };
    throw error;
  }
}

function same(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
