import { didYouMean } from '../config/suggestion.js';
import { UsageError } from '../host/failure.js';
import { parseProblem } from './template-parse-error.js';

export interface TemplateFile {
  readonly file: string;
  readonly text: string;
}

/** Something that a template refers to. */
export interface Reference {
  readonly what: 'variable' | 'partial';
  readonly name: string;
  readonly line: number;
  /** The block that gives names another meaning, as it is written: `{{#each}}`. */
  readonly inside?: string | undefined;
}

/** A template that is well formed, ready to be compiled. */
export interface TemplateSyntax {
  readonly file: string;
  readonly program: hbs.AST.Program;
  readonly references: readonly Reference[];
  /** What is wrong with it, each with file and line. */
  readonly problems: readonly string[];
}

/** The helper that looks up `this.url` or `../name`. Its name can't be written in a template. */
export const fieldHelper = '@field';

/** The helper that each value goes through which a template prints. */
export const printHelper = '@print';

/** What handlebars knows inside of `{{#each}}`, and of each template. */
const dataNames: ReadonlySet<string> = new Set(['root', 'index', 'key', 'first', 'last', 'partial-block']);

/** Blocks in which a bare name may be a part of an element. */
const contextBlocks: ReadonlySet<string> = new Set(['each', 'with']);

/** Helpers whose first word names an option, in quotes. */
const namesOption: ReadonlySet<string> = new Set(['cannot', 'needs']);

/**
 * Reads a template: what it refers to, so that all of it can be checked before anything is rendered, and a syntax tree in
 * which a look into an element is a call of {@link fieldHelper}, which tells what is not there.
 *
 * @param helpers the names of all helpers
 * @throws UsageError where the text is no template
 */
export function templateSyntax(
  library: typeof Handlebars,
  { file, text }: TemplateFile,
  helpers: readonly string[],
): TemplateSyntax {
  const reader = readerClass(library, file, new Set(helpers));
  try {
    const program = library.parse(text, { srcName: file });
    const { references, problems } = reader(program);
    return { file, program, references, problems };
  } catch (error) {
    throw new UsageError([parseProblem(file, text, (error as Error).message)]);
  }
}

type Called = hbs.AST.MustacheStatement | hbs.AST.BlockStatement | hbs.AST.SubExpression;

function readerClass(library: typeof Handlebars, file: string, helpers: ReadonlySet<string>) {
  const references: Reference[] = [];
  const problems: string[] = [];
  /** Names that `as |name|` gives, innermost last. */
  const blockNames: (readonly string[])[] = [];
  const blocks: string[] = [];
  const inlinePartials = new Set<string>();

  class Reader extends library.Visitor {
    /** Undocumented in the typings: what a visit returns takes the place of the node. */
    readonly mutating = true;

    override PathExpression(path: hbs.AST.PathExpression): void {
      const [first] = path.parts;
      if (path.data && !dataNames.has(first ?? '')) {
        problems.push(`${file}:${path.loc.start.line}: there is no @${first}${didYouMean(first ?? '', dataNames)}`);
        return;
      }
      if (isBlockName(first) || (path.data && first !== 'root')) return this.look(path);
      if (/^(?:this|\.)(?:[./]|$)/.test(path.original)) return this.look(path);
      const name = path.parts[path.data ? 1 : 0];
      if (name === undefined) return;
      if (path.depth === 0 && !path.data && helpers.has(name)) return;
      references.push({ what: 'variable', name, line: path.loc.start.line, inside: blocks.at(-1) });
      return this.look(path);
    }

    /** A path of several steps becomes a call that looks at each; a name alone is looked up by handlebars. */
    look(path: hbs.AST.PathExpression): void {
      const own = /^(?:this|\.)(?:[./]|$)/.test(path.original) || path.depth > 0;
      const steps = own ? path.parts : path.parts.slice(path.data ? 2 : 1);
      if (steps.length === 0) return;
      const base = { ...path, parts: path.parts.slice(0, path.parts.length - steps.length) };
      return { type: 'SubExpression', path: pathTo(fieldHelper, path.loc), params: [base, ...literals(path, steps)], hash: undefined, loc: path.loc } as unknown as void; // prettier-ignore
    }

    override MustacheStatement(mustache: hbs.AST.MustacheStatement): void {
      const { path, params, loc } = mustache;
      if (path.type !== 'PathExpression') {
        problems.push(
          `${file}:${loc.start.line}: {{${describe(path)}}} is no name: write what it stands for without braces`,
        );
        return;
      }
      const printed = this.call(mustache);
      const isCall = params.length > 0 || helpers.has((path as hbs.AST.PathExpression).original);
      const value = isCall ? { ...printed, type: 'SubExpression' } : printed.path;
      return { ...mustache, path: pathTo(printHelper, loc), params: [value], hash: undefined } as unknown as void;
    }

    override SubExpression(called: hbs.AST.SubExpression): void {
      this.call(called);
    }

    /** Reads the words of a call, and its name where that is no unknown helper. */
    call<T extends hbs.AST.MustacheStatement | hbs.AST.SubExpression>(called: T): T {
      if (isKnownCall(called)) this.acceptKey(called, 'path');
      called.params.forEach((_, index) => this.acceptKey(called.params, index));
      (called.hash as hbs.AST.Hash | undefined)?.pairs.forEach((pair) => this.acceptKey(pair, 'value'));
      return called;
    }

    override BlockStatement(block: hbs.AST.BlockStatement): void {
      const name = block.path.original;
      const { path } = block;
      isKnownCall(block);
      if (helpers.has(name)) {
        block.params.forEach((_, index) => this.acceptKey(block.params, index));
      } else {
        references.push({ what: 'variable', name, line: path.loc.start.line, inside: blocks.at(-1) });
      }
      const changes = contextBlocks.has(name) || !helpers.has(name);
      if (changes) blocks.push(`{{#${name}}}`);
      blockNames.push((block.program as { blockParams?: string[] } | undefined)?.blockParams ?? []);
      if (block.program) this.accept(block.program);
      blockNames.pop();
      if (changes) blocks.pop();
      if (block.inverse) this.accept(block.inverse);
    }

    /** The typings lack it. */
    declare acceptKey: (node: object, key: string | number) => void;

    override PartialStatement(partial: hbs.AST.PartialStatement): void {
      this.partial(partial);
    }

    override PartialBlockStatement(partial: hbs.AST.PartialBlockStatement): void {
      this.partial(partial);
      this.accept(partial.program);
    }

    partial({ name, params, hash, loc }: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement): void {
      const { line } = loc.start;
      if (!('original' in name)) {
        problems.push(`${file}:${line}: the name of a partial must be written out: {{> directory/name}}`);
      } else if (String(name.original) !== '@partial-block') {
        references.push({ what: 'partial', name: String(name.original), line });
      }
      params.forEach((_, index) => this.acceptKey(params, index));
      // `{{> mirror host=ubuntu-host}}`; the typings hide that there may be none.
      (hash as hbs.AST.Hash | undefined)?.pairs.forEach((pair) => this.acceptKey(pair, 'value'));
    }

    override DecoratorBlock(block: hbs.AST.DecoratorBlock): void {
      const [name] = block.params;
      if (name?.type === 'StringLiteral') inlinePartials.add((name as hbs.AST.StringLiteral).value);
      this.accept(block.program);
    }
  }

  function isBlockName(name: string | undefined): boolean {
    return name !== undefined && blockNames.some((names) => names.includes(name));
  }

  /** Arguments after a name mean that it is a helper; `cannot` and `needs` take an option's name. */
  function isKnownCall({ path, params, hash, loc }: Called): boolean {
    const { original } = path as hbs.AST.PathExpression;
    if (params.length === 0 && (hash as hbs.AST.Hash | undefined) === undefined) return true;
    const place = `${file}:${loc.start.line}`;
    if (!helpers.has(original)) {
      problems.push(`${place}: there is no helper '${original}'${didYouMean(original, helpers)}`);
      return false;
    }
    const [option] = params;
    if (!namesOption.has(original)) return true;
    if (option?.type !== 'StringLiteral') {
      problems.push(`${place}: {{${original}}} takes the option's name in quotes: {{${original} "hostname" "…"}}`);
      return false;
    }
    const { value } = option as hbs.AST.StringLiteral;
    references.push({ what: 'variable', name: value, line: option.loc.start.line });
    return true;
  }

  function describe(literal: hbs.AST.Expression): string {
    return 'original' in literal ? String(literal.original) : literal.type;
  }

  function pathTo(helper: string, loc: hbs.AST.SourceLocation): hbs.AST.PathExpression {
    return { type: 'PathExpression', data: false, depth: 0, parts: [helper], original: helper, loc };
  }

  function literals({ loc }: hbs.AST.PathExpression, steps: readonly string[]): hbs.AST.StringLiteral[] {
    return steps.map((value) => ({ type: 'StringLiteral', value, original: value, loc }));
  }

  return (program: hbs.AST.Program) => {
    new Reader().accept(program);
    const outer = references.filter(({ what, name }) => what !== 'partial' || !inlinePartials.has(name));
    return { references: outer, problems };
  };
}
