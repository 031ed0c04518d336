import { basename } from 'node:path';
import type { AnswerFileKind } from '../config/image-spec.js';

/**
 * Names that stand in a kernel argument as they are, and that no file in the root directory of an installer's initrd has:
 * a word with an ending that only answer files have.
 */
const harmless =
  /^[A-Za-z0-9][\w.+-]*\.(?:cfg|preseed|seed|ks|kickstart|xml|autoyast|yast|ya?ml|autoinstall|json|agama)$/i;

/** What a file with any other name is called in the initrd. */
const plainNames: Readonly<Record<AnswerFileKind, string>> = {
  preseed: 'answers.preseed',
  kickstart: 'answers.ks',
  yast: 'answers.xml',
  autoinstall: 'answers.autoinstall',
  agama: 'answers.json',
};

/**
 * The name under which an answer file lies in the initrd: its own without `.hbs`, or a plain one where its own has a
 * blank, would be a second kernel argument, or could take the place of the initrd's own file, such as `init`.
 */
export function injectedName(kind: AnswerFileKind, path: string): string {
  const name = basename(path).replace(/\.hbs$/, '');
  return harmless.test(name) ? name : plainNames[kind];
}
