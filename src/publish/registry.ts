import { join } from 'node:path';
import type { OciDestination } from '../config/destination.js';
import { Failure } from '../host/failure.js';
import { command, follow, type Command, type Host } from '../host/host.js';
import { visibleLine } from './tool-line.js';
import type { ContainerImage, UploadFiles } from './upload-files.js';

/**
 * `skopeo copy` of a container image to a registry, or to whatever else skopeo names. What others trust in a registry are
 * digests, so sums and signatures of files are not sent there.
 *
 * @param image stands for one that is not made yet, in a dry run
 */
export function registryCommand(
  { args, target }: OciDestination,
  { directory, names: [image = ''] }: UploadFiles,
  container: ContainerImage | undefined,
): Command {
  const { file, transport } = container ?? { file: 'IMAGE-DATE.oci.tar', transport: 'oci-archive' };
  const path = join(directory, file);
  const base = image.replace(/(?:\.tar)?\.[A-Za-z0-9]*$/, '');
  const date = /\d{4}-\d{2}-\d{2}$/.exec(base)?.[0] ?? '';
  const to = target.replaceAll('{image}', base).replaceAll('{date}', date);
  const destination = /^[a-z-]+:(?!\d+\/)/.test(to) ? to : `docker://${to}`;
  return command('skopeo', ['copy', ...args, `${transport}:${path}`, destination]);
}

export async function uploadToRegistry(host: Host, destination: OciDestination, files: UploadFiles): Promise<void> {
  const [container] = files.containers ?? [];
  if (container === undefined) {
    throw new Failure('there is no container image to upload', {
      hint: "Add a target to the section, such as 'bundles = oci'.",
    });
  }
  let blobs = 0;
  await follow(host, registryCommand(destination, files, container), (line) => {
    const said = visibleLine(line);
    if (said === '') return;
    if (/^Copying blob/.test(said)) host.log.progress({ text: `Uploading layer ${++blobs} of ${container.file}` });
    else if (/^(?:Copying config|Writing manifest|Getting image)/.test(said)) host.log.progress({ text: said });
    else host.log.info(said);
  });
}
