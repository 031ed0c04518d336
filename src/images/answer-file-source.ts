import { join } from 'node:path';
import { installOrigin, isInstalled, wayWithoutInstaller, type ImageSpec } from '../config/image-spec.js';
import { programDirectory } from '../host/program-directory.js';
import { renderAnswerFile, type AnswerFileSource } from '../answers/answer-file.js';
import type { SourcedLayout } from '../answers/partitioning/partitioning.js';
import { checkImageLayout } from '../layout/image-layout.js';
import { secretsIn } from '../answers/secrets.js';
import { UsageError } from '../host/failure.js';
import { repositoryVariables, type LockedRepository } from './locked-repository.js';

/** What stands for the address of `http-directory` where none is served: outside a build. */
const noGuestHost = '10.0.2.2:PORT';

/** What is served to the installer. */
export interface Served {
  /** `address:port` of `http-directory`. */
  readonly guestHost?: string | undefined;
  /** Undefined: it installs from a mirror. */
  readonly repository?: LockedRepository | undefined;
}

/**
 * Everything that the answer file of an image is made from.
 *
 * @throws UsageError for an image that has none
 */
export function answerFileSource(
  spec: ImageSpec,
  { guestHost = noGuestHost, repository }: Served = {},
): AnswerFileSource {
  if (!isInstalled(spec))
    throw new UsageError([`[${spec.name}] has no answer file: it is not installed, but ${wayWithoutInstaller(spec)}`]);
  const common = templateSource(spec);
  return {
    ...common,
    ...installOrigin(spec).answerFile,
    variables: {
      ...common.variables,
      ...repositoryVariables(repository, spec.variables),
      ...(spec.httpDirectory === undefined ? {} : { 'http-host': guestHost, 'http-url': `http://${guestHost}` }),
    },
    place: spec.places[installOrigin(spec).answerFile.kind],
  };
}

/** What every template of an image is rendered from, whichever it is. */
export function templateSource(spec: ImageSpec): Omit<AnswerFileSource, 'kind' | 'path'> {
  return {
    variables: { ...spec.variables, image: spec.name },
    description: spec.description,
    unresolved: spec.unresolved,
    layout: spec.layout && {
      place: `${spec.places['layout'] ?? `[${spec.name}] layout`} = ${spec.layout.name}`,
      read: () => usableLayout(spec),
    },
    users: spec.users,
    files: spec.files,
    advice: spec.advice,
    searchPath: [...(spec.dataDir === undefined ? [] : [spec.dataDir]), join(programDirectory, 'templates')],
  };
}

async function usableLayout(spec: ImageSpec): Promise<SourcedLayout> {
  const checked = await checkImageLayout(spec);
  if (checked === undefined) throw new Error(`[${spec.name}] has no layout`);
  if (checked.errors.length > 0) throw new UsageError(checked.errors);
  return checked;
}

/**
 * The secrets in the answer file of an image, which may have more of them than the section; none where it can't be
 * rendered, which the check of the image tells.
 */
export async function secretsOfAnswerFile(spec: ImageSpec): Promise<string[]> {
  if (!isInstalled(spec)) return [];
  try {
    const { content } = await renderAnswerFile(answerFileSource(spec));
    return secretsIn(content.toString());
  } catch (error) {
    if (error instanceof UsageError) return [];
    throw error;
  }
}
