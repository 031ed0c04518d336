import type { ImageSpec } from '../config/image-spec.js';
import { installation } from './doctor.js';
import { UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { maskUrls } from '../host/mask.js';
import { originOf } from '../sources/netboot-source.js';
import { PresenceOfFiles } from '../sources/presence.js';
import { repositoryIndexes } from '../answers/repositories.js';
import { vouchingFor } from '../sources/vouching.js';
import { netbootSources } from '../images/stages/fetch.js';

interface Named {
  /** The option or the place in the answer file. */
  readonly what: string;
  readonly uri: string;
}

export interface OnlineFindings {
  readonly findings: readonly string[];
  readonly notMade: readonly { readonly why: string; readonly fix?: string }[];
}

/** Asks whether that is there which images name: netboot files, checksum lists, repositories; for several images once. */
export class OnlineCheck {
  readonly #presence: PresenceOfFiles;

  constructor(host: Caller, presence = new PresenceOfFiles(host)) {
    this.#presence = presence;
  }

  /** @param answerFile its text, as the installer reads it */
  async ask(spec: ImageSpec, answerFile: string): Promise<OnlineFindings> {
    const findings: string[] = [];
    const notMade: { why: string; fix?: string }[] = [];
    const named = namedBy(spec, answerFile).filter(({ uri }) => isUnderstood(uri));
    const answers = await Promise.all(named.map(async (one) => ({ ...one, answer: await this.#presence.of(one.uri) })));
    for (const { what, uri, answer } of answers) {
      const about = maskUrls(`${what}: ${uri}`);
      if (answer.is === 'unknown') notMade.push({ why: `${about}: ${answer.why}`, fix: installation(answer.program) });
      if (answer.is !== 'gone') continue;
      if (isLocal(uri) && spec.preBuildCommand !== undefined) {
        notMade.push({ why: `${about} is not there before the pre-build-command`, fix: 'build the image once' });
      } else findings.push(`${about}: ${answer.why}`);
    }
    return { findings, notMade };
  }
}

/** Each with the option or the place that names it; the same place is not named twice. */
function namedBy(spec: ImageSpec, answerFile: string): Named[] {
  const sources = netbootSources(spec);
  const lists = sources
    .filter(({ uri }) => isUnderstood(uri))
    .flatMap((source): Named[] => {
      const vouching = vouchingFor(source, spec);
      const list = 'list' in vouching ? [{ what: 'checksums', uri: vouching.list }] : [];
      return 'signature' in vouching ? [...list, { what: 'checksums-signature', uri: vouching.signature }] : list;
    });
  const repositories = repositoryIndexes({
    kind: spec.origin.answerFile.kind,
    text: answerFile,
    extra: variable(spec, 'extra-repositories'),
    suite: variable(spec, 'suite'),
  });
  const all = [...sources.map(({ option, uri }) => ({ what: option, uri })), ...lists, ...media(spec), ...repositories];
  return [...new Map(all.toReversed().map((one) => [one.uri, one])).values()].toReversed();
}

/** Installers in two parts fetch the larger one by a kernel argument. */
function media({ append }: ImageSpec): Named[] {
  return [...append.matchAll(/https?:\/\/\S+\.(?:iso|img|squashfs)(?=\s|$)/g)].map(([uri]) => ({
    what: 'append',
    uri,
  }));
}

function variable({ variables }: ImageSpec, name: string): string {
  return variables[name] ?? variables[name.replaceAll('-', '_')] ?? '';
}

/** What is wrong with the others, the check of the configuration tells. */
function isUnderstood(uri: string): boolean {
  try {
    originOf({ option: 'file', uri });
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

function isLocal(uri: string): boolean {
  return originOf({ option: 'file', uri }).by === 'copy';
}
