import type { HelperOptions } from 'handlebars';
import { quote } from 'shlex';
import * as described from '../config/description-types.js';
import { cloudInit } from '../config/cloud-init-type.js';
import { words, type OptionType } from '../config/option-types.js';
import type { SignedHelper } from './template.js';

/**
 * What answer-file templates can call beside handlebars' own helpers. What an option's text means is said by the types
 * that check the options; empty stands for nothing everywhere.
 *
 *     {{{shell value}}}                           the value as one word of a POSIX shell (three braces: it is already quoted)
 *     {{#if (yes updates)}} … {{/if}}             for an option that says yes or no
 *     {{#if (eq root-filesystem "xfs")}}          for an option with one of several values
 *     {{#if (or user root-password-hash)}}        where one of them is not empty
 *     {{#each (words services-enabled)}}{{this}}{{/each}}
 *     {{join (words kernel-arguments)}}           a list on one line, with blanks between
 *     {{#each (lines value)}}{{this}}{{/each}}
 *     {{#each (packages-added packages)}}{{this}}{{/each}}
 *     {{#each (packages-left-out packages)}}{{this}}{{/each}}
 *     {{#each (authorized-keys ssh-authorized-keys)}}{{this}}{{/each}}
 *     {{#each (repositories extra-repositories)}}{{this.name}} {{this.url}} {{this.suite}} {{this.key}}{{/each}}
 *     {{{shell (file-content post-script)}}}      the text of a file
 *     {{mebibytes swap-size}}                     a size in MiB, rounded up; 0 for none
 *     {{#if (locked root-password-hash)}}         for a locked password
 *     {{#base64}}{{> golden/identity.sh}}{{/base64}}   the block in base64, on one line
 *     {{#preseed-script "preseed/late_command"}} … {{/preseed-script}}   a shell script as the answer to a question
 *     {{#kickstart-script}} … {{/kickstart-script}}   a shell script as what stands between %post and %end
 *     {{#autoinstall-script}} … {{/autoinstall-script}}   a shell script as one of subiquity's commands
 *     {{#if (cloud-init-on cloud-init)}}          whether the image has cloud-init
 *     {{join (cloud-init-datasources cloud-init)}}   the datasources that it asks; none: those of the package
 *     {{#if (includes (packages-added packages) "cloud-init")}}   whether a list has an element
 *     {{#text}}{{{hostname}}}.{{{domain}}}{{/text}}   the block as one value in the answer file's language
 *
 * `{{cannot "selinux" "Debian uses AppArmor"}}`, `{{needs "rhel-mirror" "the URL of …"}}` and `{{#text}}` are not here:
 * they belong to the file that is rendered.
 */
export const templateHelpers = {
  shell: { takes: ['text'], does: (value: unknown) => shellWord(String(value)) },
  yes: { takes: ['text'], does: (value: unknown) => saysYes(String(value)) },
  eq: { takes: ['any', 'any'], does: (one: unknown, other: unknown) => one === other },
  or: {
    takes: ['any'],
    more: true,
    does: (...values: unknown[]) => values.slice(0, -1).some((value) => value !== '' && Boolean(value)),
  },
  includes: { takes: ['list', 'text'], does: (list: readonly string[], element: string) => list.includes(element) },
  join: { takes: ['list'], does: (list: readonly string[]) => list.join(' ') },
  words: meaning(words),
  lines: meaning(described.lines),
  'packages-added': meaning(described.packages, ({ added }) => added),
  'packages-left-out': meaning(described.packages, ({ leftOut }) => leftOut),
  'authorized-keys': meaning(described.authorizedKeys),
  repositories: meaning(described.repositories),
  'file-content': meaning(described.fileContent),
  'cloud-init-on': meaning(cloudInit, ({ on }) => on),
  'cloud-init-datasources': meaning(cloudInit, ({ datasources }) => datasources),
  mebibytes: {
    takes: ['text'],
    does: (value: string) => (value === '' ? 0 : Math.ceil(parse(described.sizeOrNone, value) / 2 ** 20)),
  },
  locked: { takes: ['text'], does: (hash: string) => hash === '' || hash === '!' },
  base64: block((text) => base64(text)),
  'preseed-script': {
    takes: ['text'],
    block: true,
    does(this: unknown, question: string, options: HelperOptions): string {
      return preseedScript(question, options.fn(this));
    },
  },
  'kickstart-script': block((text) => kickstartScript(text)),
  'autoinstall-script': block((text) => autoinstallScript(text)),
} as const satisfies Record<string, SignedHelper>;

/** A helper around a block, of which it makes another text. */
export function block(make: (text: string) => unknown): SignedHelper {
  return {
    takes: [],
    block: true,
    does(this: unknown, options: HelperOptions) {
      return make(options.fn(this));
    },
  };
}

function meaning<T>(type: OptionType<T>, part: (value: T) => unknown = (value) => value): SignedHelper {
  return { takes: ['text'], does: (value: unknown) => part(parse(type, String(value))) };
}

function parse<T>(type: OptionType<T>, value: string): T {
  try {
    return type.parse(value);
  } catch (error) {
    throw new Error(`'${value}': expected ${(error as Error).message}`);
  }
}

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

function base64(script: string): string {
  return Buffer.from(`${script.trim()}\n`).toString('base64');
}

/**
 * Ships a shell script in a preseed file, where an answer is a single line: the script as comments for people, then
 * the same in base64. d-i runs it in the installed system with `sh -eu`. It is not piped into the shell, because
 * standard input belongs to debconf there.
 */
export function preseedScript(question: string, script: string): string {
  const lines = script.trim().split(/\r\n|\r|\n/);
  const answer = `d-i ${question} string in-target sh -euc 'eval "$(echo ${base64(lines.join('\n'))} | base64 -d)"'`;
  return `${[...comments(lines), answer].join('\n')}\n`;
}

/** What Python's `str.splitlines` takes for the end of a line. */
// eslint-disable-next-line no-control-regex -- some control characters are
const pythonLineBreak = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/**
 * Ships a shell script in a section of a Kickstart file: as comments for people, then in base64. pykickstart looks for
 * `%end`, `%include` and other sections at the beginning of every line, also inside a shell's quotes and here-documents.
 */
export function kickstartScript(script: string): string {
  const lines = script.trim().split(pythonLineBreak);
  return `${[...comments(lines), 'set -eu', `eval "$(echo ${base64(script)} | base64 -d)"`].join('\n')}\n`;
}

function comments(lines: readonly string[]): string[] {
  return lines.map((line) => `#   ${line}`.trimEnd());
}

/** What ends a line of YAML 1.1, which PyYAML reads. */
const yamlLineBreak = /\r\n|[\n\r\u0085\u2028\u2029]/;

/** What can't stand in YAML at all, not even in a comment (YAML 1.2.2, 5.1). */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff]|\p{Surrogate}/gu;

/**
 * Ships a shell script in a list of subiquity's commands: as comments for people, then in base64. It runs in the
 * installed system with `sh -eu`.
 */
export function autoinstallScript(script: string): string {
  const comments = script
    .trim()
    .split(yamlLineBreak)
    .map((line) => `#   ${line.replace(unprintable, '?')}`.trimEnd());
  const order = `- curtin in-target --target=/target -- sh -euc 'eval "$(echo ${base64(script)} | base64 -d)"'`;
  return `${[...comments, order].join('\n')}\n`;
}
