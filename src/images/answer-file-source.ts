import { join } from 'node:path';
import type { ImageSpec } from '../config/image-spec.js';
import { programDirectory } from '../host/program-directory.js';
import type { AnswerFileSource } from '../answers/answer-file.js';

/** What stands for the address of `http-directory` where none is served: outside a build. */
const noGuestHost = '10.0.2.2:PORT';

/** Everything that the answer file of an image is made from. */
export function answerFileSource(spec: ImageSpec, guestHost = noGuestHost): AnswerFileSource {
  return {
    ...spec.origin.answerFile,
    variables: {
      ...spec.variables,
      image: spec.name,
      ...(spec.httpDirectory === undefined ? {} : { 'http-host': guestHost, 'http-url': `http://${guestHost}` }),
    },
    description: spec.description,
    searchPath: [...(spec.dataDir === undefined ? [] : [spec.dataDir]), join(programDirectory, 'templates')],
  };
}
