import type { AnswerFileKind } from '../../config/image-spec.js';
import type { MeaningFinding } from './finding.js';
import { formFindings } from './form.js';
import { kickstartFindings } from './kickstart.js';
import { agamaFindings, autoinstallFindings, autoyastFindings } from './others.js';
import { preseedFindings } from './preseed.js';

const readers: Readonly<Record<AnswerFileKind, (text: string) => MeaningFinding[]>> = {
  preseed: preseedFindings,
  kickstart: kickstartFindings,
  yast: autoyastFindings,
  autoinstall: autoinstallFindings,
  agama: agamaFindings,
};

/**
 * What an answer file says that its installer will not do as it is meant, or that will never end, in the order of its
 * lines. It is read as its installer reads it; what only another program can tell, the validators do.
 */
export function meaningFindings(kind: AnswerFileKind, content: Buffer): MeaningFinding[] {
  const form = formFindings(kind, content);
  const text = content.toString('utf8').replaceAll('\r\n', '\n');
  return [...form, ...readers[kind](text)].sort((one, other) => (one.line ?? Infinity) - (other.line ?? Infinity));
}
