import type { Configuration, Section } from './configuration.js';
import type { Destination } from './destination.js';
import { defaultSection } from './ini-reader.js';
import { literally } from './overrides.js';
import { sftpTarget } from './option-types.js';
import { destinationOptions, numberedOption } from './options.js';
import { sectionKinds } from './section-kinds.js';
import { SectionReader } from './section-reader.js';
import type { SftpServer } from './sftp-server.js';
import { didYouMean } from './suggestion.js';
import { maskUrl } from '../host/url-mask.js';

/** A destination, and where its options are set, by `NAME:OPTION` with `-` for `_`. */
export interface ResolvedDestination {
  readonly destination: Destination;
  readonly places: Readonly<Record<string, string>>;
}

/**
 * A destination that an image's `upload_destinations` names.
 *
 * @param reader that of the image, to whose problems what is wrong is added
 * @param imageFile what `${image}` means in commands after the upload
 */
export function resolveDestination(
  configuration: Configuration,
  { document }: Section,
  reader: SectionReader,
  name: string,
  imageFile: string,
): ResolvedDestination | undefined {
  const section = document.sections.get(name);
  if (section === undefined && name !== defaultSection) {
    const known = [...configuration.ownSections().map((own) => own.name), ...configuration.sectionNames('destination')];
    const hint = didYouMean(name, known) || (/\s/.test(name) ? "; several are separated by commas: 'a, b'" : '');
    reader.complain(`upload_destinations: there is no section [${name}]${hint}`, 'upload_destinations');
    return undefined;
  }
  const { problems } = reader;
  if (section?.problem !== undefined) {
    problems.push(section.problem);
    return undefined;
  }
  const own = new SectionReader({ name, document }, problems);
  own.rejectBothSpellings(sectionKinds.destination);
  const { [numberedOption]: postUploadCommand, ...uploadOptions } = destinationOptions;
  const values = own.values(uploadOptions);
  const { uploadType, uploadTarget } = values;
  for (const option of ['upload_type', 'upload_target']) {
    if (own.lacks(option)) own.complain(`no option '${option}' for this upload destination${own.nearMiss(option)}`);
  }
  // Elsewhere `image` is an option like others, which a section may have for purposes of its own.
  const uploaded = new SectionReader(
    { name, document: document.with(name, literally({ image: imageFile })) },
    problems,
  );
  const commands = uploaded.numbered(numberedOption, postUploadCommand);
  if (!uploadType || !uploadTarget) return undefined;
  const common = {
    name,
    target: uploadTarget,
    ...(values.uploadArtifacts === undefined ? {} : { artifacts: values.uploadArtifacts }),
    postUploadCommands: commands.filter((words) => words.length > 0),
  };
  const places = Object.fromEntries(
    Object.entries(own.places(Object.keys(destinationOptions))).map(([option, place]) => [`${name}:${option}`, place]),
  );
  if (uploadType === 'rclone' && !/^:?[^/:][^:]*:/.test(uploadTarget)) {
    own.complain(
      `upload_target = ${maskUrl(uploadTarget)}: expected 'remote:path', with a remote that 'rclone listremotes' lists`,
      'upload_target',
    );
  }
  if (uploadType === 'oci' && /\s/.test(uploadTarget)) {
    own.complain(
      "upload_target: expected a registry's name and an image, such as 'registry.example/debian:13'",
      'upload_target',
    );
  }
  if (uploadType !== 'sftp') return { destination: { ...common, type: uploadType, args: values.uploadArgs }, places };
  const server = sftpServer(own, values.uploadPort);
  if (server === undefined) return undefined;
  const destination: Destination = {
    ...common,
    type: 'sftp',
    server,
    ...(values.uploadIdentity === undefined ? {} : { identity: values.uploadIdentity }),
    ...(values.uploadKnownHosts === undefined ? {} : { knownHosts: values.uploadKnownHosts }),
    ...(values.uploadPasswordEnv === undefined ? {} : { passwordEnv: values.uploadPasswordEnv }),
  };
  return { destination, places };
}

/** @param port of the option `upload_port` */
function sftpServer(own: SectionReader, port: number | undefined): SftpServer | undefined {
  const { uploadTarget } = own.values({ upload_target: { ...destinationOptions.upload_target, type: sftpTarget } });
  if (uploadTarget === undefined) return undefined;
  if (port !== undefined && port !== (uploadTarget.port ?? port)) {
    own.complain(`upload_port: ${port} contradicts the port ${uploadTarget.port} of upload_target`, 'upload_port');
  }
  return { ...uploadTarget, port: port ?? uploadTarget.port ?? 22 };
}
