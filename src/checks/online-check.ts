import { parseSource, type Source } from '../config/source.js';
import { installOrigin, type ImageSpec } from '../config/image-spec.js';
import { installation } from './doctor.js';
import type { Caller } from '../host/host.js';
import { netbootSources } from '../sources/netboot-source.js';
import { PresenceOfFiles } from '../sources/presence.js';
import { repositoryIndexes } from '../answers/repositories.js';
import { vouchingFor } from '../sources/vouching.js';

interface Named {
  /** The option or the place in the answer file. */
  readonly what: string;
  readonly source: Source;
}

export interface OnlineFindings {
  readonly findings: readonly string[];
  readonly notMade: readonly { readonly why: string; readonly fix?: string }[];
}

/** Checks that the netboot files, checksum lists and repositories of images exist; asks for each only once. */
export class OnlineCheck {
  readonly #presence: PresenceOfFiles;

  constructor(host: Caller, presence = new PresenceOfFiles(host)) {
    this.#presence = presence;
  }

  /** @param answerFile its text, as the installer reads it */
  async ask(spec: ImageSpec, answerFile: string): Promise<OnlineFindings> {
    const findings: string[] = [];
    const notMade: { why: string; fix?: string }[] = [];
    const named = namedBy(spec, answerFile);
    const answers = await Promise.all(
      named.map(async (one) => ({ ...one, answer: await this.#presence.of(one.source) })),
    );
    for (const { what, source, answer } of answers) {
      const about = `${what}: ${source.shown}`;
      if (answer.is === 'unknown') notMade.push({ why: `${about}: ${answer.why}`, fix: installation(answer.program) });
      if (answer.is !== 'gone') continue;
      if (source.by === 'copy' && spec.preBuildCommand !== undefined) {
        notMade.push({
          why: `${about} does not exist before the pre-build-command has run`,
          fix: 'build the image once',
        });
      } else findings.push(`${about}: ${answer.why}`);
    }
    return { findings, notMade };
  }
}

/** Each source with the option or the place that names it, without duplicates. */
function namedBy(spec: ImageSpec, answerFile: string): Named[] {
  const sources = netbootSources(spec);
  const lists = sources.flatMap((source): Named[] => {
    const vouching = vouchingFor(source, spec);
    const list = 'list' in vouching ? [{ what: 'checksums', source: vouching.list }] : [];
    if (!('signature' in vouching)) return list;
    const { signature, keyring } = vouching;
    const keys = keyring.by === 'copy' ? [] : [{ what: 'keyring', source: keyring }];
    return [...list, { what: 'checksums-signature', source: signature }, ...keys];
  });
  const repositories = repositoryIndexes({
    kind: installOrigin(spec).answerFile.kind,
    text: answerFile,
    extra: variable(spec, 'extra-repositories'),
    suite: variable(spec, 'suite'),
  });
  // The check of the section has looked at files of this machine, but for those that a command is going to make.
  const isOpen = ({ source }: Named) => source.by !== 'copy' || spec.preBuildCommand !== undefined;
  const files = [...sources.map(({ option, from }) => ({ what: option, source: from })), ...lists].filter(isOpen);
  const all = [...files, ...[...media(spec), ...repositories].flatMap(understood)];
  return [...new Map(all.toReversed().map((one) => [one.source.uri, one])).values()].toReversed();
}

/** Installers in two parts fetch the larger one by a kernel argument. */
function media({ append }: ImageSpec): { what: string; uri: string }[] {
  return [...append.matchAll(/https?:\/\/\S+\.(?:iso|img|squashfs)(?=\s|$)/g)].map(([uri]) => ({
    what: 'append',
    uri,
  }));
}

/** The installer reads the repositories of an answer file. Those that this machine can't fetch are skipped. */
function understood({ what, uri }: { what: string; uri: string }): Named[] {
  try {
    return [{ what, source: parseSource(uri) }];
  } catch {
    return [];
  }
}

function variable({ variables }: ImageSpec, name: string): string {
  return variables[name] ?? variables[name.replaceAll('-', '_')] ?? '';
}
