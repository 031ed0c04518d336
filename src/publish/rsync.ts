import { command, type Command, type Host } from '../host/host.js';
import type { RsyncDestination } from '../config/destination.js';
import type { UploadFiles } from './upload-files.js';
import { runLogged } from './hook.js';

/**
 * `rsync [upload_args…] IMAGE CHECKSUM TARGET`, run where the files are. A name that holds a colon, or begins with a
 * hyphen, is written as a path: rsync would take it for a host, or for an option.
 */
export function rsyncCommand({ args, target }: RsyncDestination, { directory, names }: UploadFiles): Command {
  return command('rsync', [...args, ...names.map((name) => (/:|^-/.test(name) ? `./${name}` : name)), target], {
    cwd: directory,
  });
}

export async function uploadByRsync(host: Host, destination: RsyncDestination, files: UploadFiles): Promise<void> {
  await runLogged(host, rsyncCommand(destination, files));
}
