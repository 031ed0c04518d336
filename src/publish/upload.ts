import { Failure } from '../host/failure.js';
import type { Command, Host } from '../host/host.js';
import type { Destination } from '../config/destination.js';
import type { UploadFiles } from './upload-files.js';
import { hookCommand, runHook } from './hook.js';
import { rsyncCommand, uploadByRsync } from './rsync.js';
import { sftpCommands, uploadBySftp } from './sftp.js';

/**
 * Uploads files to a destination and then runs its post-upload commands, in order, in the files' directory.
 *
 * @throws Failure that names the destination
 */
export async function upload(host: Host, destination: Destination, files: UploadFiles): Promise<void> {
  const { name, target, postUploadCommands } = destination;
  host.log.progress({ text: `Uploading to ${name}` });
  await naming(`Upload to ${name} failed`, () =>
    destination.type === 'rsync' ? uploadByRsync(host, destination, files) : uploadBySftp(host, destination, files),
  );
  host.log.info(`Uploaded ${files.names.join(', ')} to ${target}`);
  for (const words of postUploadCommands) {
    await naming(`Post-upload command of ${name} failed`, () => runHook(host, words, files.directory));
  }
}

/** The commands that {@link upload} runs. */
export function uploadCommands(destination: Destination, files: UploadFiles): Command[] {
  const commands = destination.type === 'rsync' ? [rsyncCommand(destination, files)] : sftpCommands(destination);
  return [...commands, ...destination.postUploadCommands.map((words) => hookCommand(words, files.directory))];
}

async function naming(what: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`${what}: ${error.message}`, { hint: error.hint, cause: error });
  }
}
