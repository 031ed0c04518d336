import type { AnswerFileKind } from '../../config/image-spec.js';
import type { MeaningFinding } from './finding.js';

/** Installers that take each line as it stands, up to the line feed: a carriage return becomes part of the value. */
const readsLines: ReadonlySet<AnswerFileKind> = new Set(['preseed', 'kickstart']);

/** What is wrong with the bytes of an answer file, whatever they say. */
export function formFindings(kind: AnswerFileKind, content: Buffer): MeaningFinding[] {
  const error = (line: number | undefined, message: string): MeaningFinding => ({ line, message, weight: 'error' });
  if (isUtf16(content)) return [error(1, 'is written in UTF-16: save it as UTF-8')];
  if (content.includes(0)) return [error(lineAt(content, content.indexOf(0)), 'holds a NUL byte: this is no text')];
  if (content.toString('latin1').trim() === '') {
    return [{ line: undefined, message: 'is empty: the installer will ask for everything', weight: 'warning' }];
  }
  const findings: MeaningFinding[] = [];
  if (content.subarray(0, 3).equals(byteOrderMark) && kind !== 'yast') {
    findings.push(error(1, 'begins with a byte order mark, which the installer takes for text: save it without one'));
  }
  const foreign = firstNoUtf8(content);
  if (foreign !== undefined && !(kind === 'yast' && declaresEncoding(content))) {
    findings.push(error(lineAt(content, foreign), `holds a byte (${hex(content[foreign])}) that is no UTF-8: save it as UTF-8`)); // prettier-ignore
  }
  const carriageReturn = content.indexOf('\r');
  if (carriageReturn !== -1 && readsLines.has(kind)) {
    const line = lineAt(content, carriageReturn);
    findings.push(error(line, "ends in a carriage return, as on Windows, which becomes part of the answer: convert the file with dos2unix, or with sed -i 's/\\r$//'")); // prettier-ignore
  }
  return findings;
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

function isUtf16(content: Buffer): boolean {
  const [first, second] = content;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** The XML declaration (XML 1.0, 2.8) may name another encoding. */
function declaresEncoding(content: Buffer): boolean {
  const [, encoding = 'utf-8'] = /^<\?xml[^>]*\sencoding=["']([^"']+)/.exec(content.toString('latin1')) ?? [];
  return encoding.toLowerCase() !== 'utf-8';
}

/** The offset of the first byte that belongs to no character, by the rules of the decoder (WHATWG Encoding). */
function firstNoUtf8(content: Buffer): number | undefined {
  const decodes = (length: number) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(content.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  const isWhole = (() => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(content);
      return true;
    } catch {
      return false;
    }
  })();
  if (isWhole) return undefined;
  // The longest beginning that is good; a character that is cut by the end of the file counts as such.
  let good = 0;
  let bad = content.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (decodes(middle)) good = middle;
    else bad = middle;
  }
  return Math.min(good, content.length - 1);
}

function lineAt(content: Buffer, offset: number): number {
  return content.subarray(0, offset).toString('latin1').split('\n').length;
}

function hex(byte = 0): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
