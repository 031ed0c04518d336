import { missingDisk, missingDiskMessage } from './disks.js';
import type { MeaningFinding } from './finding.js';

interface Answer {
  readonly line: number;
  readonly owner: string;
  readonly question: string;
  readonly type: string;
  readonly value: string;
}

/** Questions whose answer is disks (Debian GNU/Linux Installation Guide, B.4.7 and B.4.11). */
const diskQuestions: ReadonlySet<string> = new Set(['partman-auto/disk', 'grub-installer/bootdev']);

/** What debian-installer will not do as a preseed file means it. */
export function preseedFindings(text: string): MeaningFinding[] {
  const answers = answersOf(text);
  const findings: MeaningFinding[] = [];
  const before = new Map<string, Answer>();
  for (const answer of answers) {
    const key = `${answer.owner} ${answer.question}`;
    const earlier = before.get(key);
    if (earlier !== undefined && earlier.value !== answer.value) {
      findings.push({
        line: answer.line,
        message: `${answer.question} is answered in line ${earlier.line} already, and the last answer wins: write one, such as commands with '; ' between`,
        weight: 'warning',
      });
    }
    before.set(key, answer);
    const disk = diskQuestions.has(answer.question) ? missingDisk(answer.value.split(/\s+/)) : undefined;
    if (disk !== undefined) {
      findings.push({ line: answer.line, message: missingDiskMessage(answer.question, disk), weight: 'error' });
    }
  }
  const missing = missingEnd(answers);
  return missing === undefined ? findings : [...findings, { line: undefined, message: missing, weight: 'warning' }];
}

/**
 * The installer asks at its end, at the highest priority, to remove the medium, and waits (Installation Guide, B.4.12).
 * A file that is only a part of the answers says nothing of the disk.
 */
function missingEnd(answers: readonly Answer[]): string | undefined {
  const isWhole = answers.some(({ owner, question }) => owner === 'd-i' && /^(partman|grub-installer)/.test(question));
  const includes = answers.some(({ question }) => /^preseed\/(include|run)/.test(question));
  const question = 'finish-install/reboot_in_progress';
  if (!isWhole || includes || answers.some((answer) => answer.question === question)) return undefined;
  return `nothing answers ${question}: the installer may wait there for ever; add 'd-i ${question} note'`;
}

/** Lines as debconf-set-selections(1) reads them: a backslash at the end continues, `#` begins a comment. */
function answersOf(text: string): Answer[] {
  const answers: Answer[] = [];
  let begun: { line: number; text: string } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    begun = begun ? { ...begun, text: `${begun.text} ${line.trim()}` } : { line: index + 1, text: line };
    if (begun.text.endsWith('\\')) {
      begun = { ...begun, text: begun.text.slice(0, -1) };
      continue;
    }
    const [, owner = '', question = '', type = '', value = ''] =
      /^\s*([^#\s]\S*)\s+(\S+)\s+(\S+)(?:\s+(.*))?$/.exec(begun.text.trimEnd()) ?? [];
    if (question !== '' && type !== 'seen') answers.push({ line: begun.line, owner, question, type, value });
    begun = undefined;
  }
  return answers;
}
