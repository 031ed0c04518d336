import { join } from 'node:path';
import { systemFailure } from './errno.js';
import { Failure } from './failure.js';
import { programDirectory } from './program-directory.js';

/** What went wrong, for people; undefined for a mistake of the user's, an interruption, and a fault of this program. */
export function failureOf(error: unknown): Failure | undefined {
  return error instanceof Failure ? error : (systemFailure(error) ?? replacedProgram(error));
}

/** Modules are loaded where they are needed: an upgrade at that time takes them away from a running build. */
function replacedProgram(error: unknown): Failure | undefined {
  const isMissing = (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_MODULE_NOT_FOUND';
  if (!isMissing || !String(error).includes(join(programDirectory, 'lib'))) return undefined;
  return new Failure('a part of image-factory itself is missing: it was replaced while it ran', {
    hint: 'Start it again. If that does not help, install it again.',
    cause: error,
  });
}
