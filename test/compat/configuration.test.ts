import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { IniDocument } from '../../src/config/ini.js';
import { UsageError } from '../../src/host/failure.js';
import { program } from '../support/demo-image.js';
import { twoAtATime } from './both-programs.js';
import { askPython, resolved, type Attempt, type PythonSection } from './configparser.js';
import { randomCase, type Case } from './nasty-ini.js';
import { originalImageFactory } from './original.js';

const data = fileURLToPath(new URL('../data/ini', import.meta.url));

/** Bytes that an editor or git would change. */
const harmless = [
  '[a]\r\nx = 1\r\n  2\r\n\r\n  3\r\n',
  '[a]\rx = 1\r  2\r\r  3\r',
  '[a]\n\rx = 1\n\r  2\r\n\n',
  '[a]\nx = 1   \n  2\t \n\u3000\ny = 2',
  '[a]\nx = a\0b\n\0 = 1\n\x1b = 2\n',
  '[a]\nx = 1\u20282\u20293\x854\x0b5\x0c6\x1c7\n',
  '[a]\nx = \ny =\t \n\tz: \n',
  '[a]\nx = \ufeff1\ufeff\n\ufeffy\ufeff = 2\n',
  '[a]\nx\x1c=\x1d1\x1e\n\x1f2\x85\n\xa03\n',
  '[\x85a\u2028]\nx = 1\n\u2003;comment\n\u2003\ud83d\ude00\n',
  '[a]\nİ = 1\nΑΣ = 2\nẞ = 3\nK = ${i̇}${ας}${ß}\n',
];

/** The same, and an error. */
const wrong = [
  '\ufeff[a]\nx = 1\n',
  '\ufeff# comment\n[a]\n',
  '\ufeff\n[a]\n',
  '[a]\nx = 1\n\ufeff2\n',
  '[a]\nΣΑΣ = 1\nσας = 2\n',
  '[a]\nK = 1\nk = 2\n',
  '[a]\n\0\n',
];

/**
 * The same files given to Python's own configparser and to IniDocument must mean the same, or be an error to both.
 * More random files: `CONFIGPARSER_FILES=200000 npx mocha --timeout 0 --spec test/compat/configuration.test.ts`;
 * the same ones again: `CONFIGPARSER_SEED=…`.
 */
describe("Python's configparser and ours", function () {
  this.timeout(0);

  let answers: Attempt<PythonSection[]>[];
  before(() => {
    answers = askPython(corpus().map(corpusCase));
  });

  for (const [index, file] of corpus().entries()) {
    it(`agree on ${file}`, () => {
      expect(differenceIn(corpusCase(file), answers[index]!)).to.equal(undefined);
      expect('error' in answers[index]!, 'an error to both').to.equal(isError(file));
    });
  }

  it('agree on files read one after the other', () => {
    const [first, second] = [text('merged-1.ini'), text('merged-2.ini')];
    const files = [[first, second], [second, first], [first, first], [first, '[first]\nx=1\nX=2\n'], ['', first], []];
    expect(compare(files.map(withoutVars))).to.deep.equal({ read: 5, error: 1 });
  });

  it('agree on bytes that an editor or git would change', () => {
    expect(compare([...harmless, ...wrong].map((file) => withoutVars([file])))).to.deep.equal({
      read: harmless.length,
      error: wrong.length,
    });
  });

  it('agree on 10,000 sections', () => {
    expect(compare([withoutVars([tenThousandSections()])])).to.deep.equal({ read: 1, error: 0 });
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

/** What the program itself answers: `show --json` for every section that Python finds. */
describe("Python's configparser and image-factory show --json", function () {
  this.timeout(0);
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'image-factory-show-'))));
  after(() => rmSync(directory, { recursive: true }));

  /**
   * Says how many sections had values, and how many files and sections were errors to both: then ours has a line for each
   * line or option that Python raises an error for.
   *
   * @param asked only sections of these names
   */
  const compareShown = async (files: readonly string[], asked?: readonly string[]) => {
    const answers = askPython(files.map((file) => withoutVars([file])));
    const seen = { shown: 0, error: 0 };
    const questions = files.flatMap((file, index) => {
      const config = join(directory, `case-${index}.conf`);
      writeFileSync(config, file);
      const answer = answers[index]!;
      if ('error' in answer) {
        return [{ config, name: 'any', items: [], complaints: answer.lines.map((line) => `${config}:${line}: `) }];
      }
      return answer.value
        .filter(({ name }) => (asked === undefined ? name !== 'DEFAULT' : asked.includes(name)))
        .map((section) => {
          const { name } = section;
          const { items, wrong } = resolved(section);
          return { config, name, items, complaints: wrong.map((option) => `[${name}] ${option}`) };
        });
    });
    await twoAtATime(questions, async ({ config, name, items, complaints }) => {
      const { exitCode, stdout, stderr } = await execa(program, ['show', '--json', '--', name], {
        extendEnv: false,
        env: { PATH: process.env.PATH, HOME: directory, IMAGE_FACTORY_CONFIG: config },
        reject: false,
      });
      const about = `[${name}] of ${JSON.stringify(readFileSync(config, 'utf8').slice(0, 2000))}: ${stderr}`;
      const failed = complaints.length > 0;
      seen[failed ? 'error' : 'shown']++;
      expect(exitCode, about).to.equal(failed ? 2 : 0);
      // Python stops at some of the lines that are wrong; ours names them all.
      expect(stderr.split('\n').filter(Boolean), about).to.have.lengthOf.at.least(complaints.length);
      for (const complaint of complaints) expect(stderr, about).to.include(complaint);
      if (failed) return;
      const [shown] = Object.entries(JSON.parse(stdout) as Record<string, Record<string, string>>);
      expect(shown?.[0], about).to.equal(name);
      expect(sorted(Object.entries(shown?.[1] ?? {})), about).to.deep.equal(sorted(items));
    });
    return seen;
  };

  it("agree on every section of the package's own configuration", async function () {
    const original = originalImageFactory() ?? this.skip();
    original.remove();
    const { configuration } = original;
    const sections = configuration.match(/^\[(?!DEFAULT)/gm)?.length;
    expect(await compareShown([configuration])).to.deep.equal({ shown: sections, error: 0 });
  });

  it('agree on hard files, an error wherever Python raises one included', async () => {
    const { shown, error } = await compareShown([...corpus().map(text), ...harmless, ...wrong]);
    expect(shown, 'sections').to.be.at.least(40);
    // In files that can be read: [wrong] of interpolation.ini; [second] of merged-2.ini, which needs the other file.
    expect(error, 'errors').to.equal(corpus().filter(isError).length + wrong.length + 2);
  });

  it('agree on sections among 10,000', async () => {
    const asked = ['image-0', 'image-4711', 'image-9999'];
    expect(await compareShown([tenThousandSections()], asked)).to.deep.equal({ shown: 3, error: 0 });
  });
});

function corpus(): string[] {
  return readdirSync(data).sort();
}

function isError(file: string): boolean {
  return file.startsWith('error-');
}

function tenThousandSections(): string {
  const sections = Array.from({ length: 10_000 }, (_, n) => `[image-${n}]\nram = ${n}\nlinux = \${base}/\${ram}\n\n`);
  return `[DEFAULT]\nbase = http://deb.debian.org\n${sections.join('')}`;
}

function sorted(items: readonly [string, string][]): readonly [string, string][] {
  return [...items].sort(([one], [other]) => (one < other ? -1 : 1));
}

function text(file: string): string {
  return readFileSync(`${data}/${file}`, 'utf8');
}

function corpusCase(file: string): Case {
  return { files: [text(file)], vars: { release: 'sid', LINUX: '${mirror}' } };
}

function withoutVars(files: string[]): Case {
  return { files, vars: {} };
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
