import { Failure } from '../host/failure.js';
import type { Command, Host } from '../host/host.js';
import type { Destination } from '../config/destination.js';
import type { UploadFiles } from './upload-files.js';
import { hookCommand, runHook } from './hook.js';
import { rcloneCommands, uploadByRclone } from './rclone.js';
import { registryCommand, uploadToRegistry } from './registry.js';
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
  await naming(`Upload to ${name} failed`, () => send(host, destination, files));
  const sent = destination.type === 'oci' ? (files.containers ?? []).slice(0, 1).map(({ file }) => file) : files.names;
  host.log.info(`Uploaded ${sent.join(', ')} to ${target}`);
  for (const words of postUploadCommands) {
    await naming(`Post-upload command of ${name} failed`, () => runHook(host, words, files.directory));
  }
}

function send(host: Host, destination: Destination, files: UploadFiles): Promise<void> {
  switch (destination.type) {
    case 'rsync':
      return uploadByRsync(host, destination, files);
    case 'sftp':
      return uploadBySftp(host, destination, files);
    case 'rclone':
      return uploadByRclone(host, destination, files);
    case 'oci':
      return uploadToRegistry(host, destination, files);
  }
}

function sendCommands(destination: Destination, files: UploadFiles): readonly Command[] {
  switch (destination.type) {
    case 'rsync':
      return [rsyncCommand(destination, files)];
    case 'sftp':
      return sftpCommands(destination);
    case 'rclone':
      return rcloneCommands(destination, files);
    case 'oci':
      return [registryCommand(destination, files, files.containers?.[0])];
  }
}

/** The commands that {@link upload} runs. */
export function uploadCommands(destination: Destination, files: UploadFiles): Command[] {
  const commands = sendCommands(destination, files);
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
