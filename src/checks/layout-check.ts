import { installOrigin } from '../config/image-spec.js';
import { Configuration } from '../config/configuration.js';
import { checkImageLayout } from '../layout/image-layout.js';
import { error, placeOf, warning, type CheckFinding, type Subject } from './subject.js';

/** What is wrong with the layout, on a disk of the image's size; and whether the answer file passes it over. */
export async function layoutCheck(subject: Subject): Promise<readonly CheckFinding[]> {
  const { spec, answerFile } = subject;
  const used = answerFile === undefined || answerFile.mentioned.has('layout');
  const place = placeOf(subject, 'layout');
  // A section like a shipped image may have an answer file of its own, which says itself what the disk is to look like.
  const shipped = Configuration.shippedSources().some(({ name }) => place.startsWith(`${name}:`));
  if (spec.layout === undefined || (!used && shipped)) return [];
  const checked = await checkImageLayout(spec);
  const unused = used
    ? []
    : [
        `${place}: ${installOrigin(spec).answerFile.path} does not use it: call {{{layout-storage layout}}} in a template`,
      ];
  return checked === undefined
    ? []
    : [...checked.errors.map(error), ...[...checked.warnings, ...unused].map((message) => warning(message))];
}
