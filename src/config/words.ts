/** A stretch of blanks, or one piece of a word: single-quoted, double-quoted, a backslash and its character, plain. */
const pieces =
  /(?<blank>[ \t\r\n]+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[^])*)"|\\(?<escaped>[^])|(?<plain>[^ \t\r\n'"\\]+)/gy;

/**
 * Splits a text into words as a POSIX shell does — quotes, backslashes, line continuations — and expands nothing:
 * `$`, `*`, `~`, `#`, `;` and `|` are plain characters.
 *
 * @throws Error that names the text when a quote is not closed or nothing follows the last backslash
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let end = 0;
  for (const { 0: whole, index, groups } of text.matchAll(pieces)) {
    end = index + whole.length;
    if (groups?.['blank'] !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (whole !== '\\\n') {
      word = (word ?? '') + meaning(groups ?? {});
    }
  }
  if (end < text.length) throw new Error(`${unfinished[text.charAt(end)] ?? 'unreadable'} in: ${text}`);
  return word === undefined ? words : [...words, word];
}

const unfinished: Record<string, string> = {
  "'": "a single quote (') is not closed",
  '"': 'a double quote (") is not closed',
  '\\': 'nothing follows the last backslash',
};

function meaning({ single, double, escaped, plain }: Record<string, string>): string {
  // Inside double quotes a backslash is special only before these characters.
  return single ?? double?.replace(/\\([$`"\\\n])/g, (_, c: string) => (c === '\n' ? '' : c)) ?? escaped ?? plain ?? '';
}
