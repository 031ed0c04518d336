/** What a handlebars parser found, by the name of its token (handlebars.l of handlebars 4.7). */
const found: Readonly<Record<string, string>> = {
  EOF: 'the end of the file',
  INVALID: 'a character that has no meaning there',
  CLOSE: '}}',
  CLOSE_UNESCAPED: '}}}',
  CLOSE_SEXPR: ')',
  OPEN_SEXPR: '(',
  OPEN_ENDBLOCK: 'the end of a block that was not begun',
  INVERSE: '{{else}}',
  OPEN_INVERSE_CHAIN: '{{else …}}',
  EQUALS: '=',
  SEP: '. or /',
  STRING: 'a text in quotes',
  NUMBER: 'a number',
  ID: 'a name',
};

/**
 * What handlebars says of a text that is no template, as a sentence with file and line.
 *
 * @param message of handlebars' exception: jison's `Parse error on line N:` with an excerpt and lists of tokens, or a
 *   sentence that ends in ` - LINE:COLUMN`
 */
export function parseProblem(file: string, text: string, message: string): string {
  const jison = /^Parse error on line (\d+):\n(.*)\n(-*)\^\nExpecting (.*), got '(\w+)'$/s.exec(message);
  if (jison) return unexpected(file, text, jison);
  const mismatch = /^(\S+) doesn't match (\S+) - (\d+):\d+$/.exec(message);
  if (mismatch) {
    const [, opened, closed, line] = mismatch;
    return `${file}:${line}: {{#${opened}}} is closed by {{/${closed}}}; blocks must end in the order in which they are nested`;
  }
  const lexical = /^Lexical error on line (\d+)\./.exec(message);
  if (lexical) return `${file}:${lexical[1]}: a tag that begins with {{ here is not closed`;
  const placed = /^(.*) - (\d+):\d+$/s.exec(message);
  if (placed) return `${file}:${placed[2]}: ${placed[1]}`;
  return `${file}: no template: ${message}`;
}

function unexpected(file: string, text: string, [, line, excerpt = '', dashes = '', , token = '']: RegExpExecArray) {
  if (token === 'EOF') {
    const open = openBlock(text);
    const what = open ? `{{#${open.name}}} has no {{/${open.name}}}` : 'a {{ has no }}';
    return `${file}:${open?.line ?? line}: ${what} up to the end of the file`;
  }
  const before = excerpt.slice(0, dashes.length).replace(/^\.{3}/, '');
  const tag = before.slice(Math.max(before.lastIndexOf('{{'), 0)).trim();
  if (token === 'INVALID' && tag !== '') {
    return `${file}:${line}: '${tag}' is not closed by }}, or goes on with what has no meaning in a tag`;
  }
  const after = tag === '' ? '' : `, after '${tag}'`;
  return `${file}:${line}: the template can't be read here${after}: ${found[token] ?? `'${token}'`} is not expected`;
}

/** The innermost block that is not closed. */
function openBlock(text: string): { readonly name: string; readonly line: number } | undefined {
  const open: { name: string; line: number }[] = [];
  for (const match of text.matchAll(/\{\{!--.*?--~?\}\}|\{\{![^}]*\}\}|\{\{\{?~?\s*([#/^])[*>]?\s*([^\s}~]+)/gs)) {
    const [, mark, name = ''] = match;
    if (mark === '#') open.push({ name, line: text.slice(0, match.index).split('\n').length });
    if (mark === '/') open.pop();
  }
  return open.at(-1);
}
