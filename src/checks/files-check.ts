import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileOwners, ownersFile } from '../config/file-owners.js';
import { isInstalled } from '../config/image-spec.js';
import { reasonOf } from '../host/errno.js';
import { error, mayBeMade, placeOf, warning, type Check, type CheckFinding, type Subject } from './subject.js';

/** Whether `files` names directories that can be read, the answer file copies them, and they have what their lists name. */
export const filesCheck: Check = (subject) => {
  const { spec, answerFile } = subject;
  if (spec.files.length === 0) return [];
  if (isInstalled(spec) && answerFile !== undefined && !answerFile.mentioned.has('files')) {
    return [
      error(
        `${placeOf(subject, 'files')}: ${spec.origin.answerFile.path} does not copy them: call {{> golden/files.sh}} in a script at the end of a template`,
      ),
    ];
  }
  return spec.files.flatMap((directory) => findingsOf(subject, directory));
};

function findingsOf(subject: Subject, directory: string): CheckFinding[] {
  const place = placeOf(subject, 'files');
  const missing = (message: string) =>
    mayBeMade(subject) ? warning(`${message}, unless pre-build-command makes it`) : error(message);
  let odd: string[];
  try {
    odd = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (caught) {
    return [missing(`${place}: can't read the directory ${directory}: ${reasonOf(caught)}`)];
  }
  // An installation gets them in an archive, which holds anything.
  if (odd.length > 0 && !isInstalled(subject.spec))
    return odd.map((path) => error(`${place}: ${path} is neither a file, a directory nor a symbolic link`));
  try {
    return fileOwners(directory)
      .filter(({ path }) => lstatSync(join(directory, path), { throwIfNoEntry: false }) === undefined)
      .map(({ path }) => missing(`${ownersFile(directory)}: there is no ${path} in ${directory}`));
  } catch (caught) {
    return [error((caught as Error).message)];
  }
}
