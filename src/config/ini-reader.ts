import type { IniOption } from './interpolation.js';

/** A configuration file that has been read. */
export interface IniSource {
  /** What messages call it: the file's name. */
  readonly name: string;
  /** Its text, a byte order mark included if there is one. */
  readonly text: string;
}

export interface IniSection {
  /** What stands between the brackets, blanks and all. */
  readonly name: string;
  /** The section's own options, by name in lower case, in the order of the file. */
  readonly options: ReadonlyMap<string, IniOption>;
  /** Where its header stands, in the first file that has it; [DEFAULT] has no place. */
  readonly place?: Place | undefined;
  /** What it inherits instead of the document's [DEFAULT]. */
  readonly beneath?: ReadonlyMap<string, IniOption> | undefined;
  /** Why what `like` asks for could not be taken; the section then has only its own options. */
  readonly problem?: string | undefined;
}

/** The section whose options all others inherit. */
export const defaultSection = 'DEFAULT';

/** A section to which options are still being added. */
class OpenSection implements IniSection {
  readonly options = new Map<string, OpenOption>();
  constructor(
    readonly name: string,
    readonly place?: Place,
  ) {}
}

/** An option to whose value lines are still being added. */
class OpenOption implements IniOption {
  readonly file: string;
  readonly #source: IniSource;
  constructor(
    public value: string,
    source: IniSource,
    readonly line: number,
  ) {
    this.file = source.name;
    this.#source = source;
  }
  /** Told by identity, for the same file may be read twice. */
  wasSetBy(source: IniSource): boolean {
    return this.#source === source;
  }
}

/** Takes files apart as Python's configparser does, one after the other, into the same sections. */
export class IniReader {
  readonly defaults = new OpenSection(defaultSection);
  readonly sections = new Map<string, OpenSection>();
  /** What is wrong with the files, each with file and line. */
  readonly problems: string[] = [];
  readonly #optionNames = new Map<string, string>();

  read(source: IniSource): void {
    const text = source.text.includes('\r') ? source.text.replace(carriageReturn, '\n') : source.text;
    const headers = new Map<string, number>();
    let section: OpenSection | undefined;
    let option: OpenOption | undefined;
    let indentation = 0;
    let blankLines = 0;
    for (let line = 1, next = 0; next < text.length; line++) {
      simpleOption.lastIndex = next;
      const simple = section && simpleOption.exec(text);
      if (section && simple) {
        next = simpleOption.lastIndex;
        option = this.#set(section, simple[1]!, simple[2]!, source, line);
        indentation = 0;
        blankLines = 0;
        continue;
      }
      const whole = lineAt(text, next);
      next += whole.length + 1;
      const start = firstNonSpace(whole);
      const content = stripEnd(whole.slice(start));
      if (content === '') {
        blankLines++;
        continue;
      }
      // a comment amid the lines of a value leaves no trace in it
      if (content.startsWith('#') || content.startsWith(';')) continue;
      if (option && start > indentation) {
        option.value += '\n'.repeat(blankLines + 1) + content;
        blankLines = 0;
        continue;
      }
      indentation = start;
      const place = { file: source.name, line };
      const header = headerIn(content);
      const end = header === undefined ? delimiterIn(content) : -1;
      if (header !== undefined) {
        section = this.#open(header, headers, place);
        option = undefined;
      } else if (!section) {
        this.#complain(place, `this line comes before the first [section]${hintAt(content)}`);
        return; // most likely no configuration file at all
      } else if (end < 0) {
        // as for Python, what is indented below it still belongs to the option above
        const hint = content.startsWith('[') ? hintAt(content) : '';
        this.#complain(
          place,
          `this line is no [section], no 'option = value' and no indented continuation of a value${hint}`,
        );
      } else if (end === 0) {
        this.#complain(place, `there is no option name before '${content.charAt(0)}'`);
        option = undefined;
      } else {
        option = this.#set(section, content.slice(0, end), content.slice(end + 1), source, line);
        blankLines = 0;
      }
    }
  }

  #open(name: string, headers: Map<string, number>, place: Place): OpenSection {
    if (name === defaultSection) return this.defaults;
    const before = headers.get(name);
    if (before !== undefined) {
      this.#complain(place, `section [${name}] appears twice in this file, first in line ${before}`);
      return new OpenSection(name); // so that its options are not called duplicates as well
    }
    headers.set(name, place.line);
    const section = this.sections.get(name) ?? new OpenSection(name, place);
    this.sections.set(name, section);
    return section;
  }

  /** @returns the option, to which continuation lines belong */
  #set(section: OpenSection, asWritten: string, after: string, source: IniSource, line: number): OpenOption {
    const name = this.#optionName(asWritten);
    const option = new OpenOption(stripEnd(after.slice(firstNonSpace(after))), source, line);
    const before = section.options.get(name);
    if (before?.wasSetBy(source)) {
      this.#complain(option, `[${section.name}] ${name} is set twice in this file, first in line ${before.line}`);
    } else {
      section.options.set(name, option);
    }
    return option;
  }

  /** Files set the same few options over and over. */
  #optionName(asWritten: string): string {
    let name = this.#optionNames.get(asWritten);
    if (name === undefined) {
      name = stripEnd(asWritten).toLowerCase();
      this.#optionNames.set(asWritten, name);
    }
    return name;
  }

  #complain({ file, line }: Place, what: string): void {
    this.problems.push(`${file}:${line}: ${what}`);
  }
}

export type Place = Pick<IniOption, 'file' | 'line'>;

/** With \n, Python's universal newlines: no other character ends a line, neither \v nor \x85 nor U+2028. */
const carriageReturn = /\r\n?/g;

/**
 * An option as nearly all are written, from the first column on: no header, comment or continuation looks like that. One
 * expression takes such a line apart in a third of the time that the rules take, one by one, in code that runs but once.
 */
const simpleOption = /([!-"$-9<>-Z\\-~][^=:\n]*)[=:][ \t]*([^\n]*)(?:\n|$)/y;

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? undefined : end);
}

/** Where the first '=' or ':' stands, or -1. */
function delimiterIn(content: string): number {
  const equals = content.indexOf('=');
  const colon = content.indexOf(':');
  return equals < 0 || colon < 0 ? Math.max(equals, colon) : Math.min(equals, colon);
}

/** The section's name: everything up to the last bracket, whatever follows that. */
function headerIn(content: string): string | undefined {
  if (!content.startsWith('[')) return undefined;
  const end = content.lastIndexOf(']');
  return end > 1 ? content.slice(1, end) : undefined;
}

/** What the first line of something that is no configuration file may be instead. */
function hintAt(content: string): string {
  if (content.startsWith('\ufeff')) return '; it begins with a byte order mark: save the file as UTF-8 without one';
  if (/^\[[^\]]*$/.test(content)) return "; a ']' is missing at the end of the section's name";
  if (/^[{[]/.test(content))
    return '; it looks like JSON, but a configuration file has [section] lines and option = value';
  if (/^(?:---|- |[\w.-]+:$)/.test(content)) {
    return '; it looks like YAML, but a configuration file has [section] lines and option = value';
  }
  return '';
}

function firstNonSpace(text: string): number {
  let index = 0;
  while (index < text.length && isSpace(text.charCodeAt(index))) index++;
  return index;
}

function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Python's `str.isspace()`. JavaScript's \s lacks \x1c to \x1f and \x85, and has the byte order mark in addition. */
function isSpace(code: number): boolean {
  if (code <= 0x20) return code >= 0x1c || (code >= 0x09 && code <= 0x0d);
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}
