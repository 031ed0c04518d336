import type { HelperOptions } from 'handlebars';
import { quote } from 'shlex';

/**
 * What answer-file templates can call beside handlebars' own helpers:
 *
 *     {{{shell value}}}              the value as one word of a POSIX shell (three braces: it is already quoted)
 *     {{#if (yes value)}} … {{/if}}  for an option that says yes or no
 *     {{#preseed-script "preseed/late_command"}} … {{/preseed-script}}   a shell script as the answer to a question
 */
export const templateHelpers = {
  shell: shellWord,
  yes: saysYes,
  'preseed-script': function (this: unknown, question: string, block: HelperOptions): string {
    return preseedScript(question, block.fn(this));
  },
};

/** The value as one word of a POSIX shell, line breaks included; the empty value is `''`. */
export function shellWord(value: string): string {
  return quote(value);
}

/**
 * Reads a boolean as Python's configparser does: 1, yes, true, on; 0, no, false, off; in any case. Empty is no.
 *
 * @throws Error for anything else, so that a misspelt `ye` does not become a silent no
 */
export function saysYes(value: string): boolean {
  const word = value.trim().toLowerCase();
  if (['1', 'yes', 'true', 'on'].includes(word)) return true;
  if (['', '0', 'no', 'false', 'off'].includes(word)) return false;
  throw new Error(`'${value}' is neither yes nor no`);
}

/**
 * Ships a shell script in a preseed file, where an answer is a single line: the script as comments for people, then
 * the same in base64. d-i runs it in the installed system with `sh -eu`. It is not piped into the shell, because
 * standard input belongs to debconf there.
 */
export function preseedScript(question: string, script: string): string {
  const lines = script.trim().split(/\r\n|\r|\n/);
  const encoded = Buffer.from(`${lines.join('\n')}\n`).toString('base64');
  const comments = lines.map((line) => `#   ${line}`.trimEnd());
  const answer = `d-i ${question} string in-target sh -euc 'eval "$(echo ${encoded} | base64 -d)"'`;
  return `${[...comments, answer].join('\n')}\n`;
}
