import type { HelperOptions } from 'handlebars';
import { callProblem, kindOf, type Signature } from './helper-call.js';
import { fieldHelper, printHelper, templateSyntax, type TemplateFile, type TemplateSyntax } from './template-syntax.js';

/** What a helper does with its arguments; `this` is handlebars' context. */
type Helper = (this: unknown, ...given: never[]) => unknown;

export interface SignedHelper extends Signature {
  readonly does: Helper;
}

/** So deep may partials be nested; a partial that includes itself without end is deeper. */
const deepest = 50;

/** The helpers of handlebars that may be used, and how; the others (`log`, …) are unknown. */
const builtIn: Readonly<Record<string, Signature>> = {
  if: { takes: ['any'], block: true },
  unless: { takes: ['any'], block: true },
  with: { takes: ['any'], block: true },
  each: { takes: ['any'], block: true },
  lookup: { takes: ['any', 'text'] },
};

/** What ends rendering: where, in the words that a helper found. */
class TemplateError extends Error {}

/**
 * Renders templates, and says of everything that goes wrong where it stands. Names in blocks such as `{{#each}}` are
 * looked for in the element, and then further out up to the options.
 */
export class TemplateEngine {
  readonly #engine: typeof Handlebars;
  readonly #nesting: string[] = [];

  private constructor(
    private readonly library: typeof Handlebars,
    private readonly helpers: Readonly<Record<string, SignedHelper>>,
  ) {
    this.#engine = library.create();
    this.#engine.unregisterHelper('log');
    for (const [name, { does, ...signature }] of Object.entries(helpers)) this.#register(name, signature, does);
    for (const [name, signature] of Object.entries(builtIn)) {
      this.#register(name, signature, this.#engine.helpers[name] as Helper, name === 'each' ? eachProblem : undefined);
    }
    this.#register('lookup', { takes: ['any', 'text'] }, field);
    this.#register(printHelper, { takes: ['any'] }, printable);
    this.#register(fieldHelper, { takes: ['any', 'any'], more: true }, field);
  }

  static async create(helpers: Readonly<Record<string, SignedHelper>>): Promise<TemplateEngine> {
    const { default: library } = await import('handlebars');
    return new TemplateEngine(library, helpers);
  }

  /** @throws UsageError where the text is no template */
  read(template: TemplateFile): TemplateSyntax {
    return templateSyntax(this.library, template, [...Object.keys(this.helpers), ...Object.keys(builtIn)]);
  }

  addPartial(name: string, { file, program, references }: TemplateSyntax): void {
    const compiled = this.#compile(program);
    const include = references.find(({ what }) => what === 'partial');
    this.#engine.registerPartial(name, (context: unknown, options?: object) => {
      this.#nesting.push(name);
      if (this.#nesting.length > deepest) {
        throw new TemplateError(`${file}:${include?.line ?? 1}: ${endlessly(name, this.#nesting)}`);
      }
      const text = compiled(context, options);
      this.#nesting.pop();
      return text;
    });
  }

  /**
   * @param escape what stands for a value that a template prints in two braces
   * @throws Error saying in the first line of its message what went wrong, with file and line
   */
  render(main: TemplateSyntax, values: object, escape: (printed: unknown) => string): string {
    const compiled = this.#compile(main.program);
    // Handlebars has one escaping function for all its instances: it is ours for this one synchronous call.
    const { escapeExpression } = this.#engine.Utils;
    this.#engine.Utils.escapeExpression = escape;
    try {
      return compiled(values, { allowProtoMethodsByDefault: false, allowProtoPropertiesByDefault: false });
    } finally {
      this.#engine.Utils.escapeExpression = escapeExpression;
    }
  }

  #compile(program: hbs.AST.Program): Handlebars.TemplateDelegate {
    return this.#engine.compile(program, { compat: true });
  }

  #register(
    name: string,
    signature: Signature,
    does: Helper,
    further: (given: readonly unknown[]) => string | undefined = () => undefined,
  ): void {
    this.#engine.registerHelper(name, function (this: unknown, ...all: unknown[]) {
      const options = all.at(-1) as HelperOptions & { loc: hbs.AST.SourceLocation };
      const given = all.slice(0, -1);
      const fail = (what: string) => new TemplateError(`${options.loc.source}:${options.loc.start.line}: ${what}`);
      const problem = callProblem(name, signature, given, options) ?? further(given);
      if (problem !== undefined) throw fail(problem);
      try {
        return does.apply(this, all as never[]);
      } catch (error) {
        if (error instanceof TemplateError) throw error;
        const called = signature.block ? `{{#${name}}}: ` : name.startsWith('@') ? '' : `${name}: `;
        throw fail(`${called}${(error as Error).message}`);
      }
    });
  }
}

function endlessly(name: string, nesting: readonly string[]): string {
  const circle = nesting.slice(nesting.lastIndexOf(name, -2));
  return `the partial '${name}' includes itself without end: ${circle.join(' → ')}`;
}

/** What a template prints is a text, a number or a truth value; a helper that only speaks prints a symbol. */
function printable(value: unknown): unknown {
  if (value === undefined || value === null) throw new Error('there is nothing to print here');
  if (typeof value !== 'object' && typeof value !== 'function') return value;
  const hint = Array.isArray(value) ? ': write {{join (words OPTION)}}, or {{#each}}' : '';
  throw new Error(`${kindOf(value)} can't be printed${hint}`);
}

/** handlebars passes over what is no list, without a word. */
function eachProblem([list]: readonly unknown[]): string | undefined {
  if (typeof list === 'object' && list !== null) return undefined;
  return `{{#each}} takes a list, and got ${kindOf(list)}: write {{#each (words OPTION)}} or {{#each (lines OPTION)}}`;
}

/** The value of `this.url`, or of `../name`, which may be an option. */
function field(...all: unknown[]): unknown {
  const options = all.at(-1) as HelperOptions;
  const names = all.slice(1, -1).map(String);
  let [value] = all;
  for (const [index, name] of names.entries()) {
    const from: unknown = has(value, name) ? value : index === 0 ? (options.data as { root: unknown }).root : undefined;
    if (!has(from, name)) throw new Error(`there is no '${name}' in ${kindOf(value)}`);
    value = from[name];
  }
  // A part that an element leaves out, such as the suite of a repository.
  return value ?? '';
}

function has(value: unknown, name: string): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}
