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
}

/** The section whose options all others inherit. */
export const defaultSection = 'DEFAULT';

/** A section to which options are still being added. */
class OpenSection implements IniSection {
  readonly options = new Map<string, OpenOption>();
  /** What set each option last; told apart by identity, for the same file may be read twice. */
  readonly setBy = new Map<string, IniSource>();
  constructor(readonly name: string) {}
}

/** An option to whose value lines are still being added. */
interface OpenOption extends IniOption {
  value: string;
}

/** Takes files apart as Python's configparser does, one after the other, into the same sections. */
export class IniReader {
  readonly defaults = new OpenSection(defaultSection);
  readonly sections = new Map<string, OpenSection>();
  /** What is wrong with the files, each with file and line. */
  readonly problems: string[] = [];
  readonly #optionNames = new Map<string, string>();

  read(source: IniSource): void {
    const { name: file, text } = source;
    const lines = text.includes('\r') ? text.split(newline) : text.split('\n');
    const headers = new Map<string, number>();
    let section: OpenSection | undefined;
    let option: OpenOption | undefined;
    let indentation = 0;
    let blankLines = 0;
    for (let index = 0; index < lines.length; index++) {
      const whole = lines[index]!;
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
      const place = { file, line: index + 1 };
      const header = headerIn(content);
      const end = header === undefined ? delimiterIn(content) : -1;
      if (header !== undefined) {
        section = this.#open(header, headers, place);
        option = undefined;
      } else if (!section) {
        this.#complain(place, `this line stands before the first [section]${byteOrderMark(content)}`);
        return; // most likely no configuration file at all
      } else if (end < 0) {
        // as for Python, what is indented below it still belongs to the option above
        this.#complain(place, "this line is no [section], no 'option = value' and no indented continuation of a value");
      } else {
        option = this.#set(section, content, end, source, index + 1);
        blankLines = 0;
      }
    }
  }

  #open(name: string, headers: Map<string, number>, place: Place): OpenSection {
    if (name === defaultSection) return this.defaults;
    const before = headers.get(name);
    if (before !== undefined) {
      this.#complain(place, `section [${name}] stands twice in this file, first in line ${before}`);
      return new OpenSection(name); // so that its options are not called duplicates as well
    }
    headers.set(name, place.line);
    const section = this.sections.get(name) ?? new OpenSection(name);
    this.sections.set(name, section);
    return section;
  }

  /**
   * @param end where the delimiter stands
   * @returns the option, to which continuation lines belong; undefined if there is none that could have any
   */
  #set(section: OpenSection, content: string, end: number, source: IniSource, line: number): OpenOption | undefined {
    const file = source.name;
    const name = this.#optionName(content.slice(0, end));
    const after = content.slice(end + 1);
    if (name === '') {
      this.#complain({ file, line }, `there is no option name before '${content.charAt(end)}'`);
      return undefined;
    }
    const option = { value: after.slice(firstNonSpace(after)), file, line };
    const before = section.options.get(name);
    if (before && section.setBy.get(name) === source) {
      this.#complain(
        { file, line },
        `[${section.name}] ${name} is set twice in this file, first in line ${before.line}`,
      );
    } else {
      section.options.set(name, option);
      section.setBy.set(name, source);
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

type Place = Pick<IniOption, 'file' | 'line'>;

/** Python's universal newlines: no other character ends a line, neither \v nor \x85 nor U+2028. */
const newline = /\r\n?|\n/;

/** Where the first '=' or ':' stands, or -1: a regular expression takes ten times as long for each line. */
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

function byteOrderMark(content: string): string {
  return content.startsWith('\ufeff') ? '; it begins with a byte order mark: save the file as UTF-8 without one' : '';
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
