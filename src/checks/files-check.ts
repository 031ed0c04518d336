import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../host/errno.js';
import { error, mayBeMade, placeOf, warning, type Check } from './subject.js';

/** Whether `files` is a directory that can be read, the answer file copies it, and it has what `files-owners` lists. */
export const filesCheck: Check = (subject) => {
  const { spec, answerFile } = subject;
  if (spec.files === undefined) {
    return spec.filesOwners === undefined
      ? []
      : [warning(`${placeOf(subject, 'files-owners')}: has no effect without 'files'`)];
  }
  const place = placeOf(subject, 'files');
  if (answerFile !== undefined && !answerFile.mentioned.has('files')) {
    return [
      error(
        `${place}: ${spec.origin.answerFile.path} does not copy them: call {{> golden/files.sh}} in a script at the end of a template`,
      ),
    ];
  }
  try {
    readdirSync(spec.files);
  } catch (caught) {
    const message = `${place}: can't read the directory: ${reasonOf(caught)}`;
    return [mayBeMade(subject) ? warning(`${message}, unless pre-build-command makes it`) : error(message)];
  }
  const directory = spec.files;
  return (spec.filesOwners ?? [])
    .filter(({ path }) => lstatSync(join(directory, path), { throwIfNoEntry: false }) === undefined)
    .map(({ path }) => {
      const message = `${placeOf(subject, 'files-owners')}: there is no ${path} in ${directory}`;
      return mayBeMade(subject) ? warning(message) : error(message);
    });
};
