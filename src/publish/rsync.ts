import { command, type Command, type Host } from '../host/host.js';
import type { RsyncDestination } from '../config/destination.js';
import type { UploadFiles } from './upload-files.js';
import { runLogged } from './hook.js';

/** `rsync [upload_args…] IMAGE CHECKSUM TARGET`, run where the files are. */
export function rsyncCommand({ args, target }: RsyncDestination, { directory, names }: UploadFiles): Command {
  return command('rsync', [...args, ...names, target], { cwd: directory });
}

export async function uploadByRsync(host: Host, destination: RsyncDestination, files: UploadFiles): Promise<void> {
  await runLogged(host, rsyncCommand(destination, files));
}
